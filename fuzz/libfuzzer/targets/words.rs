//! `words` under libFuzzer. Deliberately absent: what it does (`fuzz::run`).
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::run("words", bytes));
