//! Is there memory for what is about to be read or trained? This is asked before the memory is taken, since a process
//! that takes more than it may is killed by the operating system without a word.
//!
//! Two limits are looked at: what the system gives a process, which is asked for and given back at once, and on Linux
//! what the process's control group may still take. A container and a batch job run in such a group, and so may a
//! login session. Its files are described in the kernel's documentation, `admin-guide/cgroup-v2.rst` and
//! `admin-guide/cgroup-v1/memory.rst`.

use std::collections::TryReserveError;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

/// Less than this is taken without asking for the group's limit: 1 MiB.
const LITTLE: u64 = 1 << 20;

/// Is there memory for so many bytes more?
#[must_use]
pub fn has_room_for(bytes: u64) -> bool {
    let mut room = Vec::<u8>::new();
    let there = usize::try_from(bytes).is_ok_and(|count| room.try_reserve_exact(count).is_ok());
    // Otherwise the compiler sees that nothing is stored there, and removes the question.
    black_box(&room);
    there && is_allowed(bytes)
}

/// As [`Vec::try_reserve_exact`], within the limit of the process's control group too.
///
/// # Errors
/// If there is no room for `more` further values.
pub fn reserve<T>(values: &mut Vec<T>, more: usize) -> Result<(), TryReserveError> {
    if !is_allowed((more as u64).saturating_mul(size_of::<T>() as u64)) {
        // No vector has so much room: this gives the error.
        return Vec::<u8>::new().try_reserve_exact(usize::MAX);
    }
    values.try_reserve_exact(more)
}

fn is_allowed(bytes: u64) -> bool {
    bytes <= LITTLE || left().is_none_or(|left| bytes <= left)
}

/// Bytes that the process's control group may still take; None where there is no limit.
#[must_use]
pub fn left() -> Option<u64> {
    left_in(Path::new("/sys/fs/cgroup"), &fs::read_to_string("/proc/self/cgroup").ok()?)
}

/// As [`left`], with the groups in the folder `root`, and `own`, which names the groups of the process: a line
/// `0::/PATH` for version 2, `4:memory:/PATH` for version 1. A group's parents limit it too, and the least counts.
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
        // In a container the path may be one of the host's, which is not to be seen here: then its own root counts.
        let own = folder.join(path.trim_start_matches('/'));
        let groups = own.ancestors().take_while(|group| group.starts_with(&folder)).map(Path::to_path_buf);
        groups.filter_map(|group| left_of(&group, files)).collect::<Vec<_>>()
    });
    lefts.min()
}

/// The files of a group: its limit, what it uses, and the name of the part of that which the kernel gives back when it
/// is short of memory, file contents that were read.
type Files = [&'static str; 3];
const V2: Files = ["memory.max", "memory.current", "inactive_file"];
const V1: Files = ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"];

/// Bytes that one group may still take. A limit that is no number, `max`, is none; so is that of version 1 by default,
/// 2⁶³ bytes less a page.
fn left_of(group: &PathBuf, [limit, used, reclaimable]: Files) -> Option<u64> {
    let number = |name: &str| fs::read_to_string(group.join(name)).ok()?.trim().parse::<u64>().ok();
    let limit = number(limit).filter(|&limit| limit < 1 << 62)?;
    let statistics = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    let of_files = statistics.lines().find_map(|line| line.strip_prefix(reclaimable)?.trim().parse::<u64>().ok());
    let used = number(used)?.saturating_sub(of_files.unwrap_or(0));
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
        assert_eq!(left_in(root, own), Some(4300), "contents of files do not count");
        group(&root.join("user"), &[("memory.max", "1200\n"), ("memory.current", "1000\n")]);
        assert_eq!(left_in(root, own), Some(200), "the parent's");
        group(&root.join("user"), &[("memory.max", "900\n")]);
        assert_eq!(left_in(root, own), Some(0), "more is used than may be");
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
        assert_eq!(left_in(root, own), None, "its way to say that there is no limit");
        let statistics = "cache 1\ninactive_file 1\ntotal_inactive_file 40\n";
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
