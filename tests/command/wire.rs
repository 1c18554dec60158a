//! The wire between the command and a provider, which may break.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::strict::Strict;

/// So much of an answer that is cut comes through, in bytes: its head, and the beginning of its
/// body.
const CUT_AFTER: usize = 200;

/// A wire that cuts one answer in the middle, for as long as its test.
pub(crate) struct Wire {
    _runtime: Runtime,
}

impl Wire {
    /// A wire before this provider that cuts the answer of this number, from 0.
    pub(crate) fn before(provider: &mut Strict, cut: usize) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let here = listener.local_addr().unwrap().to_string();
        let there = provider
            .server
            .url
            .replace("http://", "")
            .replace("/v1", "");
        provider.server.url = provider.server.url.replace(&there, &here);
        let asked = Arc::new(AtomicUsize::new(0));
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&there).await.unwrap();
                tokio::spawn(carry(client, server, Arc::clone(&asked), cut));
            }
        });
        Self { _runtime: runtime }
    }
}

/// Carries requests and answers, which take turns, until either side is done or an answer is cut.
async fn carry(
    mut client: TcpStream,
    mut server: TcpStream,
    asked: Arc<AtomicUsize>,
    cut: usize,
) -> io::Result<()> {
    let (mut request, mut answer) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut current = None;
    loop {
        tokio::select! {
            read = client.read(&mut request) => {
                let read = read?;
                if read == 0 {
                    return Ok(());
                }
                current.get_or_insert_with(|| asked.fetch_add(1, Ordering::SeqCst));
                server.write_all(&request[..read]).await?;
            }
            read = server.read(&mut answer) => {
                let read = read?;
                if current.take() == Some(cut) {
                    return client.write_all(&answer[..read.min(CUT_AFTER)]).await;
                }
                client.write_all(&answer[..read]).await?;
                if read == 0 {
                    return Ok(());
                }
            }
        }
    }
}
