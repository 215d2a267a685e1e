#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inro_fuzz::run("transfer_file", bytes));
