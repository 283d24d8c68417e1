//! The disk fails at every single file operation of a command that uses a run or draws a data set. In all cases: the
//! error is reported and no success, older files are unchanged, no unfinished files are left, and the same command
//! can be repeated. This file belongs to the package `handgrad`, whose binary it needs.

mod command;
mod faulty;

use std::fs;
use std::io::Write;

use command::{err, files, run};
use faulty::{exhaust, folder_with_a_run, remove};

/// A command and its outputs: files that it may replace, and files that must not exist before.
struct Use {
    args: &'static [&'static str],
    replaced: &'static [&'static str],
    new: &'static [&'static str],
}

const USES: [Use; 9] = [
    Use { args: &["eval", "whole", "--json"], replaced: &[], new: &[] },
    Use { args: &["reconstruct", "whole", "--out=out.png", "--json"], replaced: &["out.png"], new: &[] },
    Use { args: &["encode", "whole", "--out=out.npy", "--json"], replaced: &[], new: &["out.npy"] },
    Use { args: &["encode", "whole", "--out=out.csv", "--json"], replaced: &[], new: &["out.csv"] },
    Use {
        args: &["decode", "whole", "codes.csv", "--out=out.npy", "--out=out.png"],
        replaced: &["out.png"],
        new: &["out.npy"],
    },
    Use {
        args: &["split", "whole", "--encoder=encoder.safetensors", "--decoder=decoder.safetensors"],
        replaced: &[],
        new: &["encoder.safetensors", "decoder.safetensors"],
    },
    Use {
        args: &["anomaly", "whole", "--out=out.png", "--chart=out.svg", "--scores=out.csv", "--json"],
        replaced: &["out.png", "out.svg"],
        new: &["out.csv"],
    },
    Use { args: &["denoise", "whole", "out.png", "--out=clean.png", "--json"], replaced: &["clean.png"], new: &[] },
    Use {
        args: &["data", "synthesize", "--out=drawn", "--train=3", "--validation=2"],
        replaced: &[],
        new: &[
            "drawn/train-images-idx3-ubyte.gz",
            "drawn/train-labels-idx1-ubyte.gz",
            "drawn/t10k-images-idx3-ubyte.gz",
            "drawn/t10k-labels-idx1-ubyte.gz",
        ],
    },
];

#[test]
fn every_fault_of_what_uses_a_run_is_told_and_can_be_done_again() {
    let folder = folder_with_a_run();
    let at = folder.path();
    let made = run(at, &["encode", "whole", "--out=codes.csv"]);
    assert!(made.status.success(), "{}", err(&made));
    let made = run(at, &["reconstruct", "whole", "--count=1", "--out=older.png"]);
    assert!(made.status.success(), "{}", err(&made));
    for Use { args, replaced, new } in USES {
        let older = |name: &str| match name.ends_with("png") {
            true => fs::read(at.join("older.png")).expect("a picture"),
            false => b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(),
        };
        let prepare = || {
            remove(&at.join("drawn"));
            new.iter().for_each(|name| drop(fs::remove_file(at.join(name))));
            // The picture that is to be denoised.
            fs::write(at.join("out.png"), older("out.png")).expect("written");
            replaced.iter().for_each(|name| fs::write(at.join(name), older(name)).expect("written"));
        };
        prepare();
        let good = run(at, args);
        assert!(good.status.success(), "{}", err(&good));
        let read = |name: &str| fs::read(at.join(name)).ok();
        let all = || replaced.iter().chain(new).map(|name| read(name)).collect::<Vec<_>>();
        let whole = all();
        assert!(whole.iter().all(Option::is_some) && replaced.iter().all(|name| read(name) != Some(older(name))));
        let before = [files(&at.join("tiny")), files(&at.join("whole"))];
        let count = exhaust(at, args, prepare, |fault, output| {
            assert!(before == [files(&at.join("tiny")), files(&at.join("whole"))], "{fault}: older files changed");
            if output.status.success() {
                assert_eq!(output.stdout, good.stdout, "{fault}");
                assert!(all() == whole, "{fault}: not all is written");
                return;
            }
            for (name, whole) in replaced.iter().zip(&whole) {
                let (now, told) = (read(name), err(output).contains("the new file is there, but"));
                let a_later_one_failed = replaced.len() + new.len() > 1;
                let is_old = now == Some(older(name));
                assert!(is_old || &now == whole && (told || a_later_one_failed), "{fault}: {name} {}", err(output));
            }
            assert!(new.iter().all(|name| read(name).is_none()), "{fault}: some files of several are there");
            let again = run(at, args);
            assert!(again.status.success(), "{fault}, then again: {}", err(&again));
            assert!(all() == whole, "{fault}, then again");
        });
        let _ = writeln!(std::io::stderr(), "{}: {count} faults", args[0]);
        assert!(count > 10, "{args:?}: {count}");
    }
}
