//! Any sequence of transactions leaves what a map in memory says, before and after the file was closed.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Put { name: u8, page_of: Option<u8>, length: usize },
    Replace { nth: prop::sample::Index, length: usize },
    Delete { nth: prop::sample::Index },
}

/// Transactions: their steps, and whether they end well.
fn transactions() -> impl Strategy<Value = Vec<(Vec<Step>, bool)>> {
    let nth = any::<prop::sample::Index>();
    let length = prop_oneof![0_usize..600, 3000_usize..9000];
    let step = prop_oneof![
        3 => (any::<u8>(), prop::option::of(0_u8..3), length.clone())
            .prop_map(|(name, page_of, length)| Step::Put { name, page_of, length }),
        1 => (nth, length).prop_map(|(nth, length)| Step::Replace { nth, length }),
        1 => any::<prop::sample::Index>().prop_map(|nth| Step::Delete { nth }),
    ];
    prop::collection::vec((prop::collection::vec(step, 1..6), prop::bool::weighted(0.7)), 1..12)
}

/// Per slot its kind, name, owner and content.
type Model = BTreeMap<i64, (Kind, u8, Tag, Vec<u8>)>;

fn apply(change: &mut Change<'_>, model: &mut Model, step: &Step) -> Result<(), StoreError> {
    let content = |length: usize| vec![b'x'; length];
    let pick = |model: &Model, nth: &prop::sample::Index| {
        (!model.is_empty()).then(|| *model.keys().nth(nth.index(model.len())).unwrap())
    };
    match step {
        Step::Put { name, page_of, length } => {
            let (kind, owner) = match page_of {
                Some(owner) => (PAGE, change.tag(NOTE, &[*owner])),
                None => (NOTE, Tag::NOBODY),
            };
            let body = content(*length);
            let record =
                NewRecord { kind, name: Some(&[*name]), owner, brief: &body[..length % 7], body: &body };
            let taken = model.values().any(|(its_kind, its_name, ..)| (*its_kind, its_name) == (kind, name));
            match change.put(record) {
                Ok(slot) => {
                    assert!(!taken, "a name was given twice");
                    assert!(
                        model.insert(slot, (kind, *name, owner, body)).is_none(),
                        "a slot was used twice"
                    );
                }
                Err(error) => assert_eq!((taken, error), (true, StoreError::Failed)),
            }
        }
        Step::Replace { nth, length } => {
            let Some(slot) = pick(model, nth) else { return Ok(()) };
            change.replace(slot, &[], &content(*length))?;
            model.get_mut(&slot).unwrap().3 = content(*length);
        }
        Step::Delete { nth } => {
            let Some(slot) = pick(model, nth) else { return Ok(()) };
            change.delete(slot)?;
            model.remove(&slot);
        }
    }
    Ok(())
}

fn check(vault: &Vault, model: &Model) {
    let records = vault.records();
    let slots: Vec<i64> = [NOTE, PAGE].into_iter().flat_map(|kind| records.all(kind)).collect();
    assert_eq!(slots.len(), model.len());
    for (slot, (kind, name, owner, body)) in model {
        assert_eq!(records.slot(*kind, &[*name]), Some(*slot));
        assert!(records.is_at(*kind, *slot) && records.owned(*kind, *owner).any(|owned| owned == *slot));
        assert_eq!(records.body(*slot).unwrap().expose(), body);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_transactions_leave_what_the_model_says(transactions in transactions()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault");
        make_at(&path);
        let mut vault = open_with(&path, 1).unwrap();
        let mut model = Model::new();
        for (number, (steps, ends_well)) in transactions.into_iter().enumerate() {
            let mut after = model.clone();
            let outcome = vault.write(|change| {
                steps.iter().try_for_each(|step| apply(change, &mut after, step))?;
                if ends_well { Ok(()) } else { Err(StoreError::NoSuchPending) }
            });
            if ends_well {
                prop_assert_eq!(outcome, Ok(()));
                model = after;
            } else {
                prop_assert_eq!(outcome, Err(StoreError::NoSuchPending));
            }
            check(&vault, &model);
            if number % 2 == 0 {
                drop(vault);
                vault = open_with(&path, 1).unwrap();
                check(&vault, &model);
            }
        }
    }
}
