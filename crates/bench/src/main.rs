//! The command of the benchmarks and of the soak; see the library.
//! Deliberately absent: anything but handing on the command line.

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    bench::run(&words)
}
