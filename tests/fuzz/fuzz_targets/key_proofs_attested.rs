#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inro_fuzz::run("key_proofs_attested", bytes));
