//! Whatever is recorded is told again; whatever is altered is refused, or says less.

use std::sync::LazyLock;

use inro_crypto::RustCrypto;
use inro_evidence::{Content, Record, UnverifiedChain, What, write_bundle};
use proptest::prelude::*;

use crate::support::{Owner, event, owner, told, verified, with_attachments};

static BUNDLE: LazyLock<Vec<u8>> = LazyLock::new(|| write_bundle(&owner().receipts).unwrap());
static RECORDS: LazyLock<Vec<Record>> =
    LazyLock::new(|| verified(&owner().receipts).unwrap().records().to_vec());

/// Whether a record says nothing that `whole` does not say.
fn is_part(part: &Record, whole: &Record) -> bool {
    let mut lessened = whole.clone();
    match (&part.what, &mut lessened.what) {
        (What::Happened(Content::Absent), What::Happened(content)) => *content = Content::Absent,
        (What::Happened(Content::Told(part)), What::Happened(Content::Told(whole))) => {
            for (part, whole) in part.attachments.iter().zip(&mut whole.attachments) {
                if part.bytes.is_none() {
                    whole.bytes = None;
                }
            }
        }
        _ => {}
    }
    (part.at, &part.what) == (lessened.at, &lessened.what)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_recorded_is_told(
        steps in prop::collection::vec((0_u8..6, prop::collection::vec(any::<u8>(), 0..40)), 0..12),
        erased in any::<u16>(),
    ) {
        let mut owner = Owner::opens(1);
        let mut names = vec![None];
        for (number, (kind, bytes)) in (2_u8..).zip(&steps) {
            if *kind == 0 {
                owner.rotates(number);
                names.push(None);
            } else {
                let name = format!("event-{number}");
                owner.records(if *kind == 1 { with_attachments(&name, &[bytes]) } else { event(&name) });
                names.push(Some((name, (*kind == 1).then(|| bytes.clone()))));
            }
        }
        let mut receipts = owner.receipts.clone();
        for (at, receipt) in receipts.iter_mut().enumerate() {
            if erased >> at & 1 == 1 {
                receipt.erase();
            }
        }
        let chain = verified(&receipts).unwrap();
        prop_assert_eq!(chain.last(), owner.head().digest());
        prop_assert_eq!(chain.records().len(), names.len());
        for (at, name) in names.iter().enumerate() {
            let what = &chain.records()[at].what;
            match name {
                None => prop_assert!(!matches!(what, What::Happened(_))),
                Some(_) if erased >> at & 1 == 1 => prop_assert_eq!(what, &What::Happened(Content::Absent)),
                Some((name, bytes)) => {
                    let told = told(&chain, at);
                    prop_assert_eq!(&told.name, name);
                    let attached = told.attachments.first().and_then(|attachment| attachment.bytes.clone());
                    prop_assert_eq!(&attached, bytes);
                }
            }
        }
    }

    #[test]
    fn no_altered_byte_says_anything_else(at in any::<prop::sample::Index>(), flip in 1_u8..=255) {
        let mut altered = BUNDLE.clone();
        let at = at.index(altered.len());
        altered[at] ^= flip;
        if let Ok(chain) = UnverifiedChain::parse(&altered).and_then(|chain| chain.verify(&RustCrypto)) {
            prop_assert_eq!(chain.records().len(), RECORDS.len());
            prop_assert!(chain.records().iter().zip(&*RECORDS).all(|(part, whole)| is_part(part, whole)));
        }
    }

    #[test]
    fn every_other_selection_of_records_is_refused(picks in prop::collection::vec(0_usize..7, 1..10)) {
        let receipts = owner().receipts;
        let picked: Vec<_> = picks.iter().map(|at| receipts[*at].clone()).collect();
        let is_beginning = picks.iter().enumerate().all(|(place, at)| place == *at);
        prop_assert_eq!(verified(&picked).is_ok(), is_beginning);
    }
}
