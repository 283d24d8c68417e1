//! `cargo run --release -p handgrad-tests --example fuzz -- --target idx --executions 1000000 --seed 1`: tries a
//! parser on nearly valid inputs. Prints the number of inputs, the speed, and the most memory allocated for one
//! input. If a check fails, the program stops and the input is written to a file.

use std::alloc::System;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

mod fuzzing;

use fuzzing::{Mutator, TARGETS, Target};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1));
    let number = |name: &str, usual| value(name).map_or(Some(usual), |text| text.replace('_', "").parse::<u64>().ok());
    let wanted = value("--target").map_or("all", String::as_str);
    let targets: Vec<_> = TARGETS.iter().filter(|target| wanted == "all" || wanted == target.name).collect();
    let (Some(executions), Some(seed), false) =
        (number("--executions", 1_000_000), number("--seed", 1), targets.is_empty())
    else {
        let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
        eprintln!("usage: --target all|{} --executions N --seed S", names.join("|"));
        return ExitCode::from(2);
    };
    println!("target  executions  seconds  executions/s  bytes of input  most memory, bytes  allowed then");
    let runs = targets.into_iter().map(|target| run(target, executions, seed));
    if runs.filter(Result::is_err).count() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(target: &Target, executions: u64, seed: u64) -> Result<(), ()> {
    (target.seeds)().iter().for_each(|bytes| (target.check)(bytes));
    let mut mutator = Mutator::new((target.seeds)(), seed);
    let (start, mut inputs, mut most) = (Instant::now(), 0, (0, 0));
    for number in 0..executions {
        let bytes = mutator.next();
        inputs += bytes.len() as u64;
        let Ok(held) = catch_unwind(AssertUnwindSafe(|| target.hold(ALLOCATOR, bytes))) else {
            let file = std::env::temp_dir().join(format!("fuzz-{}-{seed}-{number}", target.name));
            let written = std::fs::write(&file, bytes);
            eprintln!("{}: the input is in {} {written:?}", target.name, file.display());
            return Err(());
        };
        most = most.max(held);
    }
    let seconds = start.elapsed().as_secs_f64();
    let rate = executions as f64 / seconds;
    println!("{}  {executions}  {seconds:.1}  {rate:.0}  {}  {}  {}", target.name, inputs / executions, most.0, most.1);
    Ok(())
}
