//! Any text is read without panic, and its tree prints as the text. Deliberately absent: meaning.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    assert_eq!(kql::parse(text).tree.reprint(), text);
});
