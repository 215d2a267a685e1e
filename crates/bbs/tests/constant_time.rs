//! Evidence that nothing branches on a secret or uses one as an address, on x86-64 and for the code that this
//! compiler made. `docs/specs/bbs-constant-time.md` says what it covers and what it doesn't.

use std::path::Path;
use std::process::Command;

/// The C functions that may be given a secret. In each of them blst neither branches on its data nor looks
/// anything up by it; what the two conversions to affine form branch on is marked public before.
const SECRET: [&str; 23] = [
    "blst_fp_cneg",
    "blst_fp_from_be_bytes",
    "blst_fp_mul",
    "blst_fp_sqr",
    "blst_fr_add",
    "blst_fr_from_scalar",
    "blst_fr_from_uint64",
    "blst_fr_inverse",
    "blst_fr_mul",
    "blst_fr_sub",
    "blst_p1_add_affine",
    "blst_p1_add_or_double",
    "blst_p1_add_or_double_affine",
    "blst_p1_cneg",
    "blst_p1_double",
    "blst_p1_from_affine",
    "blst_p1_to_affine",
    "blst_p1s_to_affine",
    "blst_p2_to_affine",
    "blst_scalar_from_be_bytes",
    "blst_scalar_from_fr",
    "blst_sign_pk_in_g2",
    "blst_sk_to_pk_in_g2",
];

/// The C functions that are only given what everybody may know, or a credential or stored secret that is just being
/// accepted.
const PUBLIC: [&str; 18] = [
    "blst_fp12_finalverify",
    "blst_fp_from_bendian",
    "blst_map_to_g1",
    "blst_miller_loop_lines",
    "blst_p1_affine_compress",
    "blst_p1_affine_in_g1",
    "blst_p1_affine_is_inf",
    "blst_p1_is_inf",
    "blst_p1_uncompress",
    "blst_p1s_add",
    "blst_p2_affine_compress",
    "blst_p2_affine_generator",
    "blst_p2_affine_in_g2",
    "blst_p2_affine_is_inf",
    "blst_p2_uncompress",
    "blst_precompute_lines",
    "blst_scalar_fr_check",
    "blst_scalar_from_bendian",
];

#[test]
fn calls_no_c_function_that_is_not_on_a_list() {
    let source = include_str!("../src/ffi.rs");
    let mut called: Vec<&str> = source
        .split("blst::")
        .skip(1)
        .filter_map(|rest| rest.split_once('('))
        .map(|(name, _)| name)
        .filter(|name| {
            name.starts_with("blst_") && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
        })
        .collect();
    called.sort_unstable();
    called.dedup();
    let mut listed: Vec<&str> = SECRET.iter().chain(&PUBLIC).copied().collect();
    listed.sort_unstable();
    assert_eq!(called, listed);
}

/// Builds the example with the marks and lets valgrind watch each case. Needs valgrind and half a minute for a
/// build of its own: `cargo test -p inro-bbs --test constant_time -- --ignored`.
#[test]
#[ignore = "needs valgrind and a build of its own"]
fn valgrind_finds_no_secret_in_a_branch_or_an_address_and_finds_both_controls() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("constant-time");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "inro-bbs", "--example", "constant_time"])
        .env("RUSTFLAGS", "--cfg inro_ct")
        .env("CARGO_TARGET_DIR", &target)
        .status()
        .unwrap();
    assert!(status.success());
    let watch = |case: &str| {
        let run = Command::new("valgrind")
            .args(["--quiet", "--error-exitcode=9", "--num-callers=20"])
            .arg(target.join("debug/examples/constant_time"))
            .arg(case)
            .output()
            .expect("valgrind is installed");
        (run.status.code(), String::from_utf8_lossy(&run.stderr).into_owned())
    };
    for case in ["key", "core", "blind", "nym", "profile"] {
        let (code, report) = watch(case);
        assert_eq!(code, Some(0), "{case}: {report}");
    }
    let (code, report) = watch("control-branch");
    assert!(code == Some(9) && report.contains("Conditional jump"), "{report}");
    let (code, report) = watch("control-index");
    assert!(code == Some(9) && report.contains("Use of uninitialised value"), "{report}");
}
