//! What the verifier does for one presentation, part by part, in one thread of this process.

use std::path::Path;
use std::time::Duration;

use inro_base::{Clock as _, RequestId, Rng};
use inro_service::{OsRng, SystemClock};
use inro_verifier::app::App;
use inro_verifier::layout::Layout;
use inro_verifier_sdk::{Ask, KnownLists, Posted, Verifier};

use crate::now;
use crate::programs::print;
use crate::wallet::{self, Agency};

const SESSIONS: u32 = 1_000;

/// The parts in their order, each with the time that it took in all.
#[derive(Default)]
struct Parts(Vec<(&'static str, Duration)>);

impl Parts {
    fn time<T>(&mut self, name: &'static str, work: impl FnOnce() -> T) -> T {
        let start = now();
        let value = work();
        let taken = start.elapsed();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, time)) => *time += taken,
            None => self.0.push((name, taken)),
        }
        value
    }
}

/// Prints the mean time of each part, in nanoseconds; a mean, because some commits are far slower than
/// most and all have to be waited for.
pub(crate) fn measure(folder: &Path, agency: &Agency) {
    let app = App::open(Layout::new(folder)).unwrap();
    let mut parts = Parts::default();
    for copy in agency.copies(usize::try_from(SESSIONS).unwrap()) {
        let rng: &mut dyn Rng = &mut OsRng;
        let policy = parts.time("1 have the policy", || app.policy("approve-welfare").unwrap());
        let started = parts.time("2 start, with a commit", || {
            app.verifier.start(Ask::policy(&policy), &app.store, SystemClock.now(), rng).unwrap()
        });
        let uri = wallet::request_uri(&started.authorization_request);
        let handle = uri.rsplit('/').next().unwrap();
        let registration = parts.time("3 have the registration", || app.registration().unwrap());
        let request = parts.time("4 sign the request", || {
            let (registration, now) = (registration.as_ref().as_deref(), SystemClock.now());
            app.verifier.request_object(handle, registration, &app.store, now).unwrap()
        });
        let answer = copy.answer(request.as_bytes());
        let anchors = parts.time("5 have the anchors", || app.issuers().unwrap());
        let posted = Posted {
            handle: answer.uri.rsplit('/').next().unwrap(),
            form: answer.form.as_bytes(),
            request_id: RequestId::random(rng),
        };
        let judged = parts.time("6 open and verify the response", || {
            app.verifier.judge(&posted, &anchors, &app.store, SystemClock.now()).unwrap()
        });
        parts.time("7 store the result, with a commit", || {
            Verifier::conclude(judged, &KnownLists::new(), &app.store, SystemClock.now(), rng).unwrap()
        });
        parts.time("8 read the result", || {
            Verifier::result(&started.id, None, &app.store, SystemClock.now()).unwrap()
        });
    }
    for (name, time) in parts.0 {
        print(&format!("sessions/part/{name}"), u64::try_from((time / SESSIONS).as_nanos()).unwrap());
    }
}
