//! What surrounds every handler: a request id, a bounded body, a time limit, problems in the
//! client's language, one log line.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use http_body_util::{BodyExt as _, Limited};
use inro_base::report::Language;
use inro_base::{Code, LogSafe, RequestId};
use tokio::time::{Instant, timeout};

use crate::bounds::Bounds;
use crate::log::Route;
use crate::slots::Requests;
use crate::{OsRng, Problem, ServiceError, log};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How long the rest of a body that is too long is read and thrown away, at most as much again.
const LINGER: Duration = Duration::from_secs(1);

/// Adds the fallbacks and the outermost layer. Handlers find `Extension<RequestId>` and
/// `Extension<Language>` in their request.
pub(crate) fn finish(router: Router, bounds: Bounds) -> Router {
    router
        .fallback(async || Problem::of(&ServiceError::NotFound, StatusCode::NOT_FOUND))
        .method_not_allowed_fallback(async || {
            Problem::of(&ServiceError::MethodNotAllowed, StatusCode::METHOD_NOT_ALLOWED)
        })
        .layer(middleware::from_fn_with_state(bounds, around))
}

async fn around(State(bounds): State<Bounds>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let request_id = RequestId::random(&mut OsRng);
    let language = request
        .headers()
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .map_or(Language::En, Language::from_accept_language);
    let method = method_name(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned().map(Route::new);
    request.extensions_mut().insert(request_id);
    request.extensions_mut().insert(language);

    // In a task of its own: a panic becomes an answer, and a client that leaves early does not stop
    // a half-done use case.
    let mut task = tokio::spawn(bounded(bounds, request, next));
    let response = match timeout(bounds.request, &mut task).await {
        Ok(Ok(response)) => response,
        Ok(Err(_panicked)) => {
            Problem::of(&ServiceError::Internal, StatusCode::INTERNAL_SERVER_ERROR).into_response()
        }
        Err(_elapsed) => {
            task.abort();
            let error = ServiceError::TimedOut { seconds: bounds.request.as_secs() };
            Problem::of(&error, StatusCode::SERVICE_UNAVAILABLE).into_response()
        }
    };
    let response = complete(response, language, request_id);
    write_log(&response, request_id, method, route.as_ref(), started);
    response
}

/// Reads the whole body within its limit before the handler starts.
async fn bounded(bounds: Bounds, request: Request, next: Next) -> Response {
    let (parts, mut body) = request.into_parts();
    match Limited::new(&mut body, bounds.body_bytes).collect().await {
        Ok(body) => {
            let _busy = parts.extensions.get::<Requests>().map(Requests::begin);
            next.run(Request::from_parts(parts, Body::from(body.to_bytes()))).await
        }
        Err(_) => {
            // Who is still sending when the connection ends may never read why.
            let mut rest = Limited::new(body, bounds.body_bytes);
            let _ = timeout(LINGER, async { while let Some(Ok(_)) = rest.frame().await {} }).await;
            let error = ServiceError::BodyTooLong { limit: bounds.body_bytes };
            Problem::of(&error, StatusCode::PAYLOAD_TOO_LARGE).into_response()
        }
    }
}

/// Puts the request id on the answer, and into a problem's document in the client's language.
fn complete(mut response: Response, language: Language, request_id: RequestId) -> Response {
    if let Some(problem) = response.extensions().get::<Problem>().copied() {
        let mut rendered = problem.render(language, Some(request_id));
        for (name, value) in response.headers() {
            // Such as WWW-Authenticate beside the problem; the document's own headers win.
            if *name != header::CONTENT_LENGTH && !rendered.headers().contains_key(name) {
                rendered.headers_mut().append(name, value.clone());
            }
        }
        response = rendered;
    }
    if let Ok(value) = HeaderValue::from_str(&request_id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
        .headers_mut()
        .entry(header::X_CONTENT_TYPE_OPTIONS)
        .or_insert(HeaderValue::from_static("nosniff"));
    response
}

fn write_log(
    response: &Response,
    id: RequestId,
    method: &'static str,
    route: Option<&Route>,
    started: Instant,
) {
    let status = response.status().as_u16();
    let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let code = response.extensions().get::<Code>().copied();
    let mut fields: Vec<(&'static str, &dyn LogSafe)> =
        vec![("request_id", &id), ("method", &method), ("status", &status), ("milliseconds", &milliseconds)];
    if let Some(route) = route {
        fields.push(("route", route));
    }
    if let Some(code) = &code {
        fields.push(("code", code));
    }
    if status >= 500 { log::warn("request", &fields) } else { log::info("request", &fields) }
}

/// The method as a text of our own: a stranger may send any token as a method.
const fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
