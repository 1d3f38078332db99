//! What goes into a shell: the script with its small contents, then each large one when its action asks for it.

use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use super::batch::{Payload, Script};
use super::wire::Sender;
use crate::limits;

/// Bytes of a file that are sent at once: as many whole packets, of which libssh2 fills each with 32,700.
const PIECE: usize = 8 * 32_700;

/// Sends the script with its small contents, then each large one when its action asks for it, on a thread
/// of its own, so output is read meanwhile. A wish to stop in the middle of a content ends the input.
pub(super) struct Feed {
    /// How far it is.
    pub(super) state: Arc<Sending>,
    orders: std::sync::mpsc::Sender<usize>,
    /// All there is to send, bytes.
    pub(super) total: u64,
}

/// What the thread and its owner share.
#[derive(Default)]
pub(super) struct Sending {
    /// Bytes that are on their way.
    pub(super) sent: AtomicU64,
    /// Told to end at the next piece.
    pub(super) halt: AtomicBool,
    /// In the middle of something that must come whole.
    pub(super) busy: AtomicBool,
    /// Why a content could not be sent.
    pub(super) failed: Mutex<Option<String>>,
}

impl Feed {
    /// Begins. `gate` is held while something has to come whole.
    pub(super) fn start(sender: Sender, script: Script, nonce: &str, gate: &Arc<Mutex<()>>) -> Self {
        let Script { text, small, mut large } = script;
        let (gate, head) = (Arc::clone(gate), format!("@{nonce} data\n"));
        let (orders, next) = std::sync::mpsc::channel();
        let state = Arc::new(Sending { busy: AtomicBool::new(true), ..Sending::default() });
        let bytes = |text: String| Payload::Bytes(Zeroizing::new(text.into_bytes()));
        let mut opening = vec![bytes(text)];
        opening.extend(small);
        opening.push(bytes("go\n".to_owned()));
        let total = opening.iter().chain(large.values()).map(Payload::len).sum();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            let whole = |items: Vec<Payload>| {
                let _whole = gate.lock().unwrap_or_else(PoisonError::into_inner);
                shared.send(&sender, items)
            };
            if !whole(opening) {
                return;
            }
            while let Ok(index) = next.recv() {
                let Some(item) = large.remove(&index) else { continue };
                if !whole(vec![bytes(head.clone()), item]) {
                    return;
                }
            }
        });
        Self { state, orders, total }
    }

    /// Sends the content an action asks for.
    pub(super) fn wanted(&self, index: usize) {
        self.state.busy.store(true, Ordering::SeqCst);
        // The thread is gone when it was told to halt.
        if self.orders.send(index).is_err() {
            self.state.busy.store(false, Ordering::SeqCst);
        }
    }
}

impl Sending {
    /// Sends them all; otherwise the input ends here, and `false`.
    fn send(&self, sender: &Sender, items: impl IntoIterator<Item = Payload>) -> bool {
        let mut whole = true;
        for item in items {
            whole = match send_item(sender, item, &self.sent, &self.halt) {
                Ok(whole) => whole,
                Err(why) => {
                    if let Ok(mut slot) = self.failed.lock() {
                        *slot = Some(why);
                    }
                    false
                }
            };
            if !whole {
                sender.finish();
                break;
            }
        }
        self.busy.store(false, Ordering::SeqCst);
        whole
    }
}

/// `Ok(false)` = told to stop, or the wire is gone and says so itself. A file that became shorter is an error: the count would be a lie.
fn send_item(sender: &Sender, item: Payload, sent: &AtomicU64, halt: &AtomicBool) -> Result<bool, String> {
    match item {
        Payload::Bytes(bytes) => {
            if halt.load(Ordering::SeqCst) {
                return Ok(false);
            }
            let count = bytes.len() as u64;
            if sender.send(bytes).is_err() {
                return Ok(false);
            }
            sent.fetch_add(count, Ordering::SeqCst);
            Ok(true)
        }
        Payload::File { path, size } => {
            let name = path.display().to_string();
            let mut file = limits::file::open(&path).map_err(|error| format!("{name}: {error}"))?;
            let mut left = size;
            while left > 0 {
                if halt.load(Ordering::SeqCst) {
                    return Ok(false);
                }
                let mut piece = vec![0; usize::try_from(left).unwrap_or(PIECE).min(PIECE)];
                let got = file.read(&mut piece).map_err(|error| format!("{name}: {error}"))?;
                piece.truncate(got);
                if got == 0 {
                    return Err(format!("{name} became shorter while it was sent"));
                }
                if sender.send_open(piece).is_err() {
                    return Ok(false);
                }
                left = left.saturating_sub(got as u64);
                sent.fetch_add(got as u64, Ordering::SeqCst);
            }
            Ok(true)
        }
    }
}
