//! Checks whether there is enough memory to read a file or to train a network. The check runs before the memory is
//! allocated, because the operating system kills a process that uses more than it may, without an error message.
//!
//! Two limits are checked. The first is the memory that the system gives a process; it is tested with an allocation
//! that is freed immediately. The second, on Linux, is the memory that the control group of the process may still
//! use. A container and a batch job run in such a group, and a login session may do so, too. The files of a group are
//! described in the documentation of the kernel, `admin-guide/cgroup-v2.rst` and `admin-guide/cgroup-v1/memory.rst`.

use std::collections::TryReserveError;
use std::fs;
use std::hint::black_box;
use std::path::Path;

/// Up to this number of bytes, 1 MiB, the limit of the group is not checked.
const LITTLE: u64 = 1 << 20;

/// Returns whether there is memory for this number of further bytes.
#[must_use]
pub fn has_room_for(bytes: u64) -> bool {
    let mut room = Vec::<u8>::new();
    let there = usize::try_from(bytes).is_ok_and(|count| room.try_reserve_exact(count).is_ok());
    // Without this, the compiler sees that the memory is not used, and removes the allocation.
    black_box(&room);
    there && is_allowed(bytes)
}

/// Like [`Vec::try_reserve_exact`], but also respects the limit of the process's control group.
///
/// # Errors
/// If there is no memory for `more` further values.
pub fn reserve<T>(values: &mut Vec<T>, more: usize) -> Result<(), TryReserveError> {
    if !is_allowed((more as u64).saturating_mul(size_of::<T>() as u64)) {
        // No vector can have this capacity, so this returns the error.
        return Vec::<u8>::new().try_reserve_exact(usize::MAX);
    }
    values.try_reserve_exact(more)
}

fn is_allowed(bytes: u64) -> bool {
    bytes <= LITTLE || left().is_none_or(|left| bytes <= left)
}

/// Returns the number of bytes that the control group of the process may still use, or None if there is no limit.
#[must_use]
pub fn left() -> Option<u64> {
    left_in(Path::new("/sys/fs/cgroup"), &fs::read_to_string("/proc/self/cgroup").ok()?)
}

/// Like [`left`], with the groups in the folder `root`. `own` names the groups of the process: a line `0::/PATH` for
/// version 2, `4:memory:/PATH` for version 1. The parents of a group limit it, too; the result is the smallest of
/// these values.
#[must_use]
pub fn left_in(root: &Path, own: &str) -> Option<u64> {
    let lefts = own.lines().flat_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        let (folder, files) = match controllers {
            "" => (root.to_path_buf(), V2),
            _ if controllers.split(',').any(|name| name == "memory") => (root.join("memory"), V1),
            _ => return Vec::new(),
        };
        // In a container the path may be one of the host, which is not visible here. Then the limit of the root of
        // the container is used.
        let own = folder.join(path.trim_start_matches('/'));
        let groups = own.ancestors().take_while(|group| group.starts_with(&folder));
        groups.filter_map(|group| left_of(group, files)).collect::<Vec<_>>()
    });
    lefts.min()
}

/// The files of a group with its limit and its used memory, and the names of the parts of the used memory that the
/// kernel can free when memory is short: cached contents of files.
type Files = [&'static str; 4];
const V2: Files = ["memory.max", "memory.current", "inactive_file", "active_file"];
const V1: Files = ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file", "total_active_file"];

/// Returns the number of bytes that one group may still use, or None if it has no limit. The limit `max` of version 2
/// and the default of version 1, 2⁶³ bytes minus one page, mean no limit.
fn left_of(group: &Path, [limit, used, reclaimable @ ..]: Files) -> Option<u64> {
    let number = |name: &str| fs::read_to_string(group.join(name)).ok()?.trim().parse::<u64>().ok();
    let limit = number(limit).filter(|&limit| limit < 1 << 62)?;
    let statistics = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    let value = |name: &str| {
        let mut lines = statistics.lines().filter_map(|line| line.split_once(' '));
        lines.find(|(found, _)| *found == name).and_then(|(_, value)| value.trim().parse::<u64>().ok()).unwrap_or(0)
    };
    let used = number(used)?.saturating_sub(reclaimable.into_iter().map(value).sum());
    Some(limit.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use super::{has_room_for, left_in, reserve};
    use std::fs;
    use std::path::Path;

    fn group(folder: &Path, files: &[(&str, &str)]) {
        fs::create_dir_all(folder).expect("made");
        files.iter().for_each(|(name, text)| fs::write(folder.join(name), text).expect("written"));
    }

    #[test]
    fn the_least_of_a_group_and_its_parents_counts() {
        let root = tempfile::tempdir().expect("made");
        let root = root.path();
        let own = "1:cpu,cpuacct:/job\n0::/user/job\n";
        assert_eq!(left_in(root, own), None, "no groups at all");
        group(&root.join("user/job"), &[("memory.max", "max\n"), ("memory.current", "1000\n")]);
        assert_eq!(left_in(root, own), None, "no limit");
        let statistics = "anon 500\ninactive_anon 7\ninactive_file 300\nactive_file 9\n";
        let files = [("memory.max", "5000\n"), ("memory.current", "1000\n"), ("memory.stat", statistics)];
        group(&root.join("user/job"), &files);
        assert_eq!(left_in(root, own), Some(4309), "contents of files do not count");
        group(&root.join("user"), &[("memory.max", "1200\n"), ("memory.current", "1000\n")]);
        assert_eq!(left_in(root, own), Some(200), "the parent's");
        group(&root.join("user"), &[("memory.max", "900\n")]);
        assert_eq!(left_in(root, own), Some(0), "more is used than allowed");
    }

    #[test]
    fn version_1_has_other_names() {
        let root = tempfile::tempdir().expect("made");
        let root = root.path();
        let own = "5:cpu:/job\n4:memory:/job\n0::/\n";
        group(
            &root.join("memory"),
            &[("memory.limit_in_bytes", "9223372036854771712"), ("memory.usage_in_bytes", "9")],
        );
        assert_eq!(left_in(root, own), None, "the value for no limit");
        let statistics = "cache 1\ninactive_file 1\ntotal_inactive_file 30\ntotal_active_file 10\n";
        let files = [("memory.limit_in_bytes", "500"), ("memory.usage_in_bytes", "100"), ("memory.stat", statistics)];
        group(&root.join("memory/job"), &files);
        assert_eq!(left_in(root, own), Some(440));
    }

    #[test]
    fn what_no_machine_has_is_refused() {
        assert!(has_room_for(1 << 16) && !has_room_for(1 << 62) && !has_room_for(u64::MAX));
        let mut values = Vec::<u64>::new();
        assert!(reserve(&mut values, 1 << 60).is_err() && values.capacity() == 0);
        assert!(reserve(&mut values, 100).is_ok() && values.capacity() >= 100);
    }
}
