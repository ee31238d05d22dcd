//! Any text is bound without panic. Deliberately absent: tables and functions; the property tests have some.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    drop(kql::bind(text, &kql::catalog::EmptyCatalog, &kql::BindOptions::default()));
});
