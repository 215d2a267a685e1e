//! The listener: TLS by rustls, HTTP/1.1 by hyper, routes by axum, and a bound on everything that a
//! stranger can make it wait for or keep.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::bounds::Bounds;
use crate::layer;
use crate::slots::{Requests, Slots};
use crate::tls::{self, Origin};
use crate::{ServiceError, log};

/// How bytes travel.
#[derive(Clone)]
pub enum Transport {
    /// Over TLS.
    Tls(Arc<ServerConfig>),
    /// In the open: behind a terminator on the same machine, and only when asked for by name.
    InsecureHttp,
}

/// A listener that has its port.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    transport: Transport,
    bounds: Bounds,
}

/// Serves `router` at the URL's port until SIGTERM or SIGINT: the body of both `serve` commands.
///
/// `port` overrides the URL's (0: any free one). An `http` URL is refused unless `insecure_http`.
/// A URL on this machine binds to 127.0.0.1, any other to all addresses. Prints
/// `listening on <scheme>://<host>:<port>` to stdout when ready.
///
/// # Errors
/// [`ServiceError::Url`], [`ServiceError::Listen`], and those of [`tls::server_config`].
pub async fn serve(
    url: &str,
    port: Option<u16>,
    tls_dir: &Path,
    insecure_http: bool,
    router: Router,
) -> Result<(), ServiceError> {
    let origin = Origin::parse(url)?;
    let transport = match (insecure_http, origin.secure) {
        (true, _) => Transport::InsecureHttp,
        (false, true) => Transport::Tls(tls::server_config(tls_dir)?),
        (false, false) => return Err(ServiceError::Url),
    };
    let ip = if origin.is_loopback() { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
    let address = SocketAddr::new(IpAddr::V4(ip), port.unwrap_or(origin.port));
    let scheme = if insecure_http { "http" } else { "https" };
    // The handlers stand before the line that invites a caller to send the signal.
    let stop = stop_signal()?;
    let server = Server::bind(address, transport, Bounds::default()).await?;
    let mut stdout = std::io::stdout().lock();
    let ready = writeln!(stdout, "listening on {scheme}://{}:{}", origin.host, server.address().port());
    // A closed stdout is no reason not to serve.
    let _ = ready.and_then(|()| stdout.flush());
    drop(stdout);
    server.run(router, stop).await;
    Ok(())
}

impl Server {
    /// Takes the address.
    ///
    /// # Errors
    /// [`ServiceError::Listen`].
    pub async fn bind(
        address: SocketAddr,
        transport: Transport,
        bounds: Bounds,
    ) -> Result<Self, ServiceError> {
        let listen = |source| ServiceError::Listen { source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        Ok(Self { listener, address, transport, bounds })
    }

    /// The address, with the port that was chosen for port 0.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` resolves, then lets open requests end within [`Bounds::drain`].
    pub async fn run(self, router: Router, stop: impl Future<Output = ()>) {
        let router = layer::finish(router, self.bounds);
        let slots = Slots::new(self.bounds.connections, self.bounds.patience);
        let (stopping, stopped) = watch::channel(false);
        tokio::pin!(stop);
        loop {
            let accepted = async {
                let (stream, _) = self.listener.accept().await.ok()?;
                Some((slots.take().await, stream))
            };
            let (place, stream) = tokio::select! {
                () = &mut stop => break,
                accepted = accepted => match accepted {
                    Some(accepted) => accepted,
                    // Out of file descriptors, or the peer left: others may have more luck soon.
                    None => { sleep(Duration::from_millis(50)).await; continue }
                },
            };
            let connection = Connection {
                transport: self.transport.clone(),
                bounds: self.bounds,
                stopped: stopped.clone(),
                requests: place.requests(),
            };
            let router = router.clone();
            tokio::spawn(async move {
                tokio::select! {
                    () = connection.serve(stream, router) => {}
                    () = place.has_to_give_way() => {}
                }
            });
        }
        drop(self.listener);
        stopping.send_replace(true);
        if !slots.all_free(self.bounds.drain).await {
            log::warn("stopped before all requests ended", &[]);
        }
    }
}

/// What one connection's task needs.
struct Connection {
    transport: Transport,
    bounds: Bounds,
    stopped: watch::Receiver<bool>,
    requests: Requests,
}

impl Connection {
    async fn serve(self, stream: TcpStream, router: Router) {
        // Answers are small and written at once; a failure only costs latency.
        let _ = stream.set_nodelay(true);
        match &self.transport {
            Transport::InsecureHttp => self.http(TokioIo::new(stream), router).await,
            Transport::Tls(config) => {
                let acceptor = TlsAcceptor::from(Arc::clone(config));
                // A failed handshake is the peer's to report: scanners cause them all day.
                if let Ok(Ok(stream)) = timeout(self.bounds.handshake, acceptor.accept(stream)).await {
                    self.http(TokioIo::new(stream), router).await;
                }
            }
        }
    }

    async fn http<I: Read + Write + Unpin>(mut self, io: I, router: Router) {
        /// hyper's smallest; a head of ours is below 4 kB, a DPoP proof included.
        const MAX_HEAD_BYTES: usize = 16 << 10;
        let (router, requests) = (TowerToHyperService::new(router), self.requests.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(requests.clone());
            router.call(request)
        });
        let serving = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.bounds.head)
            .max_buf_size(MAX_HEAD_BYTES)
            .serve_connection(io, service);
        tokio::pin!(serving);
        tokio::select! {
            // An error here is a peer that left or sent no HTTP.
            _ = serving.as_mut() => return,
            _ = self.stopped.wait_for(|&stopped| stopped) => serving.as_mut().graceful_shutdown(),
        }
        let _ = serving.await;
    }
}

/// Resolves at the first SIGTERM or SIGINT. The handlers stand when this returns.
fn stop_signal() -> Result<impl Future<Output = ()>, ServiceError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(|_| ServiceError::Internal)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|_| ServiceError::Internal)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
