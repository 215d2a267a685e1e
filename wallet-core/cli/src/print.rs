//! What the commands print: for people, or JSON.

use inro_base::report::{self, Language};
use inro_credential::{ClaimPath, Format, PathElement};
use inro_wallet_core::{
    Assurance, Collected, Consent, CredentialRecord, Custody, Event, Gesture, HistoryEntry, HistoryItem,
    Localized, LostCopies, Outcome, PendingRecord, Presence, Receipt, Refilled,
};
use serde_json::{Value, json};

use crate::language::{brief, localized, shortened, value};

/// The longest name of somebody or something else on a line, in characters.
const MAX_LABEL: usize = 100;
/// The longest list of claims on a line, in characters.
const MAX_CLAIMS: usize = 1_000;

/// Credentials in short, as `receive` and `list` show them.
pub(crate) fn credentials_json(records: &[CredentialRecord]) -> Value {
    json!({ "credentials": records.iter().map(summary).collect::<Vec<_>>() })
}

/// What an offer brought, for programs. `pending` stands there only where something was deferred.
pub(crate) fn receipt_json(receipt: &Receipt) -> Value {
    let mut object = credentials_json(&receipt.credentials);
    if let (Some(members), false) = (object.as_object_mut(), receipt.pending.is_empty()) {
        members.insert("pending".into(), receipt.pending.iter().map(pending_json).collect());
    }
    object
}

/// What an offer brought, for people.
pub(crate) fn receipt_text(receipt: &Receipt, language: Language) -> String {
    let pending: String = receipt.pending.iter().map(|pending| pending_text(pending, language)).collect();
    if receipt.credentials.is_empty() && !pending.is_empty() {
        return pending;
    }
    credentials_text(&receipt.credentials, language) + &pending
}

/// What became of deferred credentials, for programs: those that came, those that are waited for, and
/// those that failed, each with its error.
pub(crate) fn collected_json(collected: &[Collected], language: Language) -> Value {
    let (mut credentials, mut pending, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for one in collected {
        match &one.outcome {
            Ok(Some(record)) => credentials.push(summary(record)),
            Ok(None) => pending.push(pending_json(&one.pending)),
            Err(error) => {
                let mut object = pending_json(&one.pending);
                if let Some(members) = object.as_object_mut() {
                    members.insert("over".into(), one.over.into());
                    members.insert("error".into(), report::to_json(error, language));
                }
                failed.push(object);
            }
        }
    }
    json!({ "credentials": credentials, "pending": pending, "failed": failed })
}

/// What became of deferred credentials, for people.
pub(crate) fn collected_text(collected: &[Collected], language: Language) -> String {
    if collected.is_empty() {
        return language.pick("nothing is pending\n", "承認待ちの資格情報はありません\n").to_owned();
    }
    let row = |one: &Collected| match &one.outcome {
        Ok(Some(record)) => credentials_text(std::slice::from_ref(record), language),
        Ok(None) => pending_text(&one.pending, language),
        Err(error) => report::render(error, language),
    };
    collected.iter().map(row).collect()
}

/// What became of refills, for programs.
pub(crate) fn refilled_json(refilled: &[Refilled], language: Language) -> Value {
    let (mut credentials, mut failed) = (Vec::new(), Vec::new());
    for one in refilled {
        match &one.outcome {
            Ok(records) => credentials.extend(records.iter().map(summary)),
            Err(error) => failed.push(json!({
                "issuer": one.issuer,
                "over": one.over,
                "error": report::to_json(error, language),
            })),
        }
    }
    json!({ "credentials": credentials, "failed": failed })
}

/// What became of refills, for people.
pub(crate) fn refilled_text(refilled: &[Refilled], language: Language) -> String {
    if refilled.is_empty() {
        return language.pick("nothing to refill\n", "補充は不要です\n").to_owned();
    }
    let row = |one: &Refilled| match &one.outcome {
        Ok(records) => credentials_text(records, language),
        Err(error) => report::render(error, language),
    };
    refilled.iter().map(row).collect()
}

fn pending_json(pending: &PendingRecord) -> Value {
    json!({
        "id": pending.id,
        "type": pending.type_id,
        "format": pending.format,
        "retry_at": pending.retry_at.to_string(),
    })
}

fn pending_text(pending: &PendingRecord, language: Language) -> String {
    let (name, issuer) = (localized(&pending.name, language), localized(&pending.issuer_name, language));
    let name = if name.is_empty() { &pending.type_id } else { name };
    format!(
        "{}  {} — {}  {} {}\n",
        pending.id.0,
        brief(name, MAX_LABEL),
        brief(issuer, MAX_LABEL),
        language.pick("pending approval; collect after", "承認待ち・次回の受け取り"),
        pending.retry_at
    )
}

/// Credentials in short, for people.
pub(crate) fn credentials_text(records: &[CredentialRecord], language: Language) -> String {
    if records.is_empty() {
        return language.pick("no credentials\n", "資格情報はありません\n").to_owned();
    }
    let row = |record: &CredentialRecord| {
        let copies = match language {
            Language::En => format!("{} copies", record.copies),
            Language::Ja => format!("残り{}枚", record.copies),
        };
        let (name, issuer) = (localized(&record.name, language), localized(&record.issuer_name, language));
        let name = if name.is_empty() { &record.vct } else { name };
        format!(
            "{}  {} — {}  {}  {copies}{}  {}\n",
            record.id.0,
            brief(name, MAX_LABEL),
            brief(issuer, MAX_LABEL),
            brief(format_name(&record.format), MAX_LABEL),
            until(record, language),
            custody(record.assurance, language)
        )
    };
    records.iter().map(row).collect()
}

/// Where the keys of a credential are kept.
const fn custody(assurance: Assurance, language: Language) -> &'static str {
    match assurance.custody {
        Custody::Software => language.pick("keys in software", "鍵：ソフトウェア"),
        Custody::TrustedEnvironment => language.pick("keys in a trusted environment", "鍵：TEE"),
        Custody::SecureElement => language.pick("keys in a secure element", "鍵：セキュアエレメント"),
    }
}

/// When the keys of a credential ask that its holder is there.
fn presence(assurance: Assurance, language: Language) -> String {
    let (seconds, by) = match assurance.presence {
        Presence::NotAsked => return language.pick("no", "なし").to_owned(),
        Presence::Within { seconds, by } => (Some(seconds), by),
        Presence::EachUse { by } => (None, by),
    };
    let by = match by {
        Gesture::Unlock => language.pick("screen lock", "画面ロック"),
        Gesture::Biometrics => language.pick("biometrics", "生体認証"),
    };
    match (seconds, language) {
        (Some(seconds), Language::En) => format!("by {by}, good for {seconds} s"),
        (Some(seconds), Language::Ja) => format!("{by}（{seconds}秒間有効）"),
        (None, Language::En) => format!("by {by}, at each use"),
        (None, Language::Ja) => format!("{by}（使用のつど）"),
    }
}

/// A format as people call it.
fn format_name(format: &str) -> &str {
    match Format::of(format) {
        Some(Format::SdJwtVc) => "SD-JWT VC",
        Some(Format::Mdoc) => "mdoc",
        None => format,
    }
}

/// One credential with its claims, for programs.
pub(crate) fn credential_json(record: &CredentialRecord) -> Value {
    let mut object = summary(record);
    if let Some(members) = object.as_object_mut() {
        members.insert("name".into(), both_languages(&record.name));
        members.insert("issuer".into(), record.issuer.as_str().into());
        members.insert("issuer_name".into(), both_languages(&record.issuer_name));
        members.insert("received_at".into(), record.received_at.to_string().into());
        members.insert("claims".into(), record.claims.clone().into());
    }
    object
}

/// One credential with its claims, for people.
pub(crate) fn credential_text(record: &CredentialRecord, language: Language) -> String {
    let mut text = credentials_text(std::slice::from_ref(record), language);
    let asked = language.pick("the keys ask for the holder", "鍵の使用時の本人確認");
    text.push_str(&format!("  {asked}: {}\n", presence(record.assurance, language)));
    for (path, name, claim) in shown(record) {
        let label = record.label(&path).map(|label| localized(label, language));
        let label = label.filter(|label| !label.is_empty()).unwrap_or(name);
        text.push_str(&format!("  {}: {}\n", brief(label, MAX_LABEL), value(claim, language)));
    }
    text
}

/// The claims of a credential, each with its path and name; of an mdoc the elements of each name space.
fn shown(record: &CredentialRecord) -> Vec<(ClaimPath, &str, &Value)> {
    let elements = |namespace: &str, claim| {
        let path =
            |name: &str| ClaimPath::new([namespace, name].map(|key| PathElement::Key(key.into())).into());
        let members = Value::as_object(claim).into_iter().flatten();
        members.filter_map(move |(name, value)| Some((path(name).ok()?, name.as_str(), value))).collect()
    };
    let of_mdoc = Format::of(&record.format) == Some(Format::Mdoc);
    let names = record.claim_names();
    let claims = record.claims.iter().filter(|(name, _)| names.contains(name));
    claims
        .flat_map(|(name, claim)| {
            if of_mdoc { elements(name, claim) } else { vec![(ClaimPath::claim(name), name.as_str(), claim)] }
        })
        .collect()
}

/// Standing approvals, for programs.
pub(crate) fn consents_json(consents: &[Consent]) -> Value {
    let one = |consent: &Consent| {
        json!({
            "id": consent.id,
            "verifier": both_languages(&consent.verifier),
            "purpose": consent.purpose.as_ref().map(both_languages),
            "host": consent.host,
            "credentials": consent.items,
            "given_at": consent.given_at.to_string(),
            "until": consent.until.to_string(),
            "withdrawn_at": consent.withdrawn_at.map(|at| at.to_string()),
        })
    };
    json!({ "consents": consents.iter().map(one).collect::<Vec<_>>() })
}

/// Standing approvals, for people.
pub(crate) fn consents_text(consents: &[Consent], language: Language) -> String {
    if consents.is_empty() {
        return language.pick("nothing is approved always\n", "「常に承認」はありません\n").to_owned();
    }
    let row = |consent: &Consent| {
        let state = match (consent.withdrawn_at, language) {
            (None, Language::En) => format!("until {}", consent.until),
            (None, Language::Ja) => format!("{}まで", consent.until),
            (Some(at), Language::En) => format!("withdrawn {at}"),
            (Some(at), Language::Ja) => format!("{at}に取消し"),
        };
        let name = brief(localized(&consent.verifier, language), MAX_LABEL);
        let host = brief(&consent.host, MAX_LABEL);
        let items = items_text(&consent.items, language);
        format!("{}  {name} — {host}  {state}  {items}\n", consent.id.0)
    };
    consents.iter().map(row).collect()
}

/// The history, for programs.
pub(crate) fn history_json(entries: &[HistoryEntry]) -> Value {
    let entry = |entry: &HistoryEntry| {
        json!({
            "id": entry.id,
            "event": entry.event,
            "at": entry.at.to_string(),
            "counterpart": entry.counterpart,
            "registered": entry.registered,
            "credentials": entry.items,
            "outcome": entry.outcome,
            "receipt": entry.receipt,
        })
    };
    json!({ "history": entries.iter().map(entry).collect::<Vec<_>>() })
}

/// The history, for people.
pub(crate) fn history_text(entries: &[HistoryEntry], language: Language) -> String {
    let row = |entry: &HistoryEntry| {
        let receipt = match (entry.receipt, entry.event) {
            (Some(_), _) => "",
            (None, Event::Lost) => language.pick("  [no receipt]", "  ［受領証なし］"),
            (None, _) => language.pick(
                "  [no receipt: before receipts were kept]",
                "  ［受領証なし：受領証の記録を始める前］",
            ),
        };
        if entry.event == Event::Erased {
            return format!("{}  {}  {}\n", entry.id.0, entry.at, language.pick("erased", "消去済み"));
        }
        let claimed = match entry.registered {
            true => "",
            false => language.pick(" (claimed)", "（自称）"),
        };
        let items = items_text(&entry.items, language);
        let (event, outcome) = (event(entry.event, language), outcome(entry, language));
        let (open, close) = (language.pick(" (", "（"), language.pick(")", "）"));
        let name = brief(localized(&entry.counterpart, language), MAX_LABEL);
        let (id, at, items) = (entry.id.0, entry.at, items);
        format!("{id}  {at}  {event}{open}{outcome}{close}  {name}{claimed}  {items}{receipt}\n")
    };
    entries.iter().map(row).collect()
}

fn items_text(items: &[HistoryItem], language: Language) -> String {
    let item = |item: &HistoryItem| {
        let names: Vec<_> = item.claims.iter().map(|name| brief(name, MAX_LABEL)).collect();
        let names = shortened(&names.join(", "), MAX_CLAIMS, language);
        format!("{} [{names}]", brief(&item.vct, MAX_LABEL))
    };
    items.iter().map(item).collect::<Vec<_>>().join("; ")
}

/// How a presentation ended, for programs. `status` is `sent`, `refused` or `failed`.
pub(crate) fn presented_json(status: &str, redirect_uri: Option<&str>, error: Option<Value>) -> Value {
    json!({ "status": status, "redirect_uri": redirect_uri, "error": error })
}

/// What was dropped at opening; empty where nothing was.
pub(crate) fn lost_text(lost: &[LostCopies], language: Language) -> String {
    let line = |lost: &LostCopies| {
        let LostCopies { credential, copies } = lost;
        match language {
            Language::En => format!(
                "note: {copies} copies of {} were dropped: their keys are gone, as after a restored backup or a changed screen lock\n",
                credential.0
            ),
            Language::Ja => format!(
                "注意：{}の{copies}枚は、鍵がないため破棄しました（バックアップからの復元、画面ロックの変更など）\n",
                credential.0
            ),
        }
    };
    lost.iter().map(line).collect()
}

const fn event(event: Event, language: Language) -> &'static str {
    match event {
        Event::Issued => language.pick("issued", "発行"),
        Event::Presented => language.pick("presented", "提示"),
        Event::Refused => language.pick("refused", "拒否"),
        Event::Deleted => language.pick("deleted", "削除"),
        Event::Lost => language.pick("lost", "喪失"),
        Event::Consented => language.pick("approved always", "常に承認"),
        Event::Withdrawn => language.pick("withdrew approval", "承認の取消し"),
        Event::Erased => language.pick("erased", "消去済み"),
    }
}

const fn outcome(entry: &HistoryEntry, language: Language) -> &'static str {
    match (entry.outcome, entry.event) {
        (Outcome::Begun, _) => language.pick("begun, end unknown", "開始・結果不明"),
        (Outcome::Done, _) => language.pick("done", "完了"),
        // Declined, or refused by the wallet: nothing came.
        (Outcome::Failed, Event::Issued) => language.pick("nothing came", "受け取れず"),
        (Outcome::Failed, _) => language.pick("not confirmed", "未確認"),
    }
}

fn summary(record: &CredentialRecord) -> Value {
    json!({
        "id": record.id,
        "type": record.vct,
        "format": record.format,
        "copies": record.copies,
        "expires_at": record.expires_at.map(|at| at.to_string()),
        "assurance": record.assurance,
    })
}

fn both_languages(name: &Localized) -> Value {
    json!({ "en": name.en, "ja": name.ja })
}

fn until(record: &CredentialRecord, language: Language) -> String {
    let Some(at) = record.expires_at else {
        return String::new();
    };
    format!("  {} {at}", language.pick("until", "有効期限"))
}

#[cfg(test)]
mod tests {
    use inro_base::UnixTime;
    use inro_wallet_core::{CredentialId, HistoryId};

    use super::*;

    fn record(assurance: Assurance) -> CredentialRecord {
        CredentialRecord {
            id: CredentialId("one".into()),
            vct: "urn:test:card:1".into(),
            format: "dc+sd-jwt".into(),
            name: Localized::default(),
            issuer: "https://issuer.example".into(),
            issuer_name: Localized::default(),
            claims: Default::default(),
            always_visible: Vec::new(),
            labels: Vec::new(),
            received_at: UnixTime::from_secs(0),
            expires_at: None,
            copies: 3,
            assurance,
        }
    }

    #[test]
    fn says_how_the_keys_of_a_credential_are_kept() {
        let by = Gesture::Unlock;
        let none = record(Assurance::NONE);
        let environment = Assurance {
            custody: Custody::TrustedEnvironment,
            presence: Presence::Within { seconds: 60, by },
        };
        let element = Assurance {
            custody: Custody::SecureElement,
            presence: Presence::EachUse { by: Gesture::Biometrics },
        };
        for (record, en, ja) in [
            (&none, "3 copies  keys in software\n  the keys ask for the holder: no\n", "本人確認: なし\n"),
            (
                &record(environment),
                "keys in a trusted environment\n  the keys ask for the holder: by screen lock, good for 60 s\n",
                "鍵：TEE\n  鍵の使用時の本人確認: 画面ロック（60秒間有効）\n",
            ),
            (
                &record(element),
                "keys in a secure element\n  the keys ask for the holder: by biometrics, at each use\n",
                "鍵：セキュアエレメント\n  鍵の使用時の本人確認: 生体認証（使用のつど）\n",
            ),
        ] {
            assert!(
                credential_text(record, Language::En).ends_with(en),
                "{}",
                credential_text(record, Language::En)
            );
            assert!(credential_text(record, Language::Ja).ends_with(ja));
        }
        let listed = credentials_json(&[none, record(environment)]);
        assert_eq!(
            listed.pointer("/credentials/0/assurance"),
            Some(&json!({ "custody": "software", "presence": "not_asked" }))
        );
        let within = json!({ "within": { "seconds": 60, "by": "unlock" } });
        assert_eq!(
            credential_json(&record(environment))["assurance"],
            json!({ "custody": "trusted_environment", "presence": within })
        );
        assert_eq!(listed.pointer("/credentials/1/assurance/presence"), Some(&within));
    }

    #[test]
    fn brackets_are_those_of_the_language() {
        let name = |text: &str| Localized { en: text.into(), ja: String::new() };
        let entry = HistoryEntry {
            id: HistoryId(3),
            event: Event::Presented,
            at: UnixTime::from_secs(0),
            counterpart: name("Somebody"),
            registered: false,
            items: Vec::new(),
            outcome: Outcome::Done,
            receipt: Some(4),
        };
        let entries = [entry];
        assert!(history_text(&entries, Language::En).contains("presented (done)  Somebody (claimed)"));
        assert!(history_text(&entries, Language::Ja).contains("提示（完了）  Somebody（自称）"));
    }
}
