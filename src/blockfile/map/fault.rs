//! Faults in mapped files, as errors.
//!
//! A mapped page that the file no longer has, or that its disk cannot give, raises SIGBUS, which would end the process. The
//! handler here looks the address up among the ranges that are watched. If it is in one of them, the range is marked as torn, a
//! page of zeros is put where the fault was, and the reading goes on; whoever reads asks afterwards whether the range is torn,
//! and drops what was read. Any other fault is none of ours: the handler there was before is called; where there was none, the
//! action before is put back and the fault happens again under it.
//!
//! In a handler only what is async-signal-safe may be done: loads and stores of atomics in a table that is never moved, and the
//! bare system calls `mmap` (no lock, no allocation, errno untouched where it succeeds), `sigaction` and `raise`.

use std::ops::Range;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};

/// Ranges that can be watched at a time. A thread has a few files open; a file that finds no place here is read, not mapped.
const SLOTS: usize = 1024;

/// One watched range. `version` is odd while the others change, so that the handler never takes the start of one range and the
/// end of another for a range (a sequence lock).
struct Slot {
    version: AtomicUsize,
    /// First address; 0: the slot is free.
    start: AtomicUsize,
    end: AtomicUsize,
    torn: AtomicBool,
}

static WATCHED: [Slot; SLOTS] = [const { Slot::free() }; SLOTS];

/// Bytes of a page. Set before the handler is.
static PAGE: AtomicUsize = AtomicUsize::new(0);

/// What was done about SIGBUS before. Set before the handler is.
static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();

/// A range that is watched until this is dropped.
pub(super) struct Watched {
    slot: &'static Slot,
}

impl Watched {
    /// Watches a mapped range; none if the table is full or the system has no handler for us.
    pub(super) fn new(range: Range<usize>) -> Option<Watched> {
        static INSTALLED: OnceLock<bool> = OnceLock::new();
        if range.is_empty() || !*INSTALLED.get_or_init(install) {
            return None;
        }
        let slot = WATCHED.iter().find(|slot| slot.claim(&range))?;
        Some(Watched { slot })
    }

    /// Whether a page of it could not be had since.
    pub(super) fn is_torn(&self) -> bool {
        self.slot.torn.load(Ordering::Acquire)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let version = self.slot.version.load(Ordering::Relaxed); // only its owner changes a slot in use
        self.slot.set(version, &(0..0));
    }
}

impl Slot {
    const fn free() -> Slot {
        Slot {
            version: AtomicUsize::new(0),
            start: AtomicUsize::new(0),
            end: AtomicUsize::new(0),
            torn: AtomicBool::new(false),
        }
    }

    fn claim(&self, range: &Range<usize>) -> bool {
        let version = self.version.load(Ordering::Acquire);
        if !version.is_multiple_of(2) || self.start.load(Ordering::Relaxed) != 0 {
            return false;
        }
        let next = version.wrapping_add(1);
        let claimed =
            self.version
                .compare_exchange(version, next, Ordering::AcqRel, Ordering::Relaxed);
        if claimed.is_ok() {
            self.set(version, range);
        }
        claimed.is_ok()
    }

    /// Changes the range from even version `version` on; the slot is the caller's.
    fn set(&self, version: usize, range: &Range<usize>) {
        self.version
            .store(version.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        self.start.store(range.start, Ordering::Relaxed);
        self.end.store(range.end, Ordering::Relaxed);
        self.torn.store(false, Ordering::Relaxed);
        self.version
            .store(version.wrapping_add(2), Ordering::Release);
    }

    /// Whether `address` lies in it. A slot that is being changed holds no range that anybody reads.
    fn holds(&self, address: usize) -> bool {
        let version = self.version.load(Ordering::Acquire);
        let start = self.start.load(Ordering::Relaxed);
        let end = self.end.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        version.is_multiple_of(2)
            && version == self.version.load(Ordering::Relaxed)
            && (start..end).contains(&address)
    }
}

/// Puts the handler in place, once for the process.
fn install() -> bool {
    // SAFETY: asks for a number.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    let Some(page) = usize::try_from(page).ok().filter(|page| *page > 0) else {
        return false;
    };
    PAGE.store(page, Ordering::Release);
    // SAFETY: a sigaction is plain data, for which zeros are the default action; each call gets pointers to whole ones that
    // live as long as the call. What the handler uses is set before the handler is.
    unsafe {
        let mut before: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(libc::SIGBUS, ptr::null(), &raw mut before) != 0 {
            return false;
        }
        if BEFORE.set(before).is_err() {
            return false;
        }
        let mut ours: libc::sigaction = std::mem::zeroed();
        ours.sa_sigaction = on_fault as *const () as usize;
        // On the alternative stack, as std's own handler, which is the action before: it tells an overflowing stack.
        ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigemptyset(&raw mut ours.sa_mask);
        libc::sigaction(libc::SIGBUS, &raw const ours, ptr::null_mut()) == 0
    }
}

extern "C" fn on_fault(
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    // SAFETY: the system calls this with a valid siginfo (SA_SIGINFO was asked for), whose address field holds for a fault.
    let (is_fault, address) = unsafe { ((*info).si_code > 0, (*info).si_addr() as usize) };
    if is_fault && let Some(slot) = WATCHED.iter().find(|slot| slot.holds(address)) {
        slot.torn.store(true, Ordering::Release);
        if put_zeros(address) {
            return;
        }
    }
    if let Some(before) = BEFORE.get() {
        hand_back(before, signal, info, context, is_fault);
    }
}

/// Leaves the signal to the action there was before ours, which stays in place if that was a handler: it may have dealt with the
/// fault, and a later one can be in a range of ours.
fn hand_back(
    before: &libc::sigaction,
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
    is_fault: bool,
) {
    type Handler = extern "C" fn(libc::c_int);
    type Informed = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
    match before.sa_sigaction {
        libc::SIG_IGN if !is_fault => {}
        libc::SIG_DFL | libc::SIG_IGN => {
            // SAFETY: the action was given by sigaction, and both calls may be made in a handler. A fault happens again once
            // this returns; a signal that was sent would not, so it is sent again.
            unsafe {
                libc::sigaction(signal, before, ptr::null_mut());
                if !is_fault {
                    libc::raise(signal);
                }
            }
        }
        handler if before.sa_flags & libc::SA_SIGINFO != 0 => {
            // SAFETY: an action that is neither of the two constants is a handler, of this type where the flag says so, and
            // gets what the system gave us.
            let handler = unsafe { std::mem::transmute::<usize, Informed>(handler) };
            handler(signal, info, context);
        }
        handler => {
            // SAFETY: as above, without the flag.
            let handler = unsafe { std::mem::transmute::<usize, Handler>(handler) };
            handler(signal);
        }
    }
}

/// Maps a page of zeros over the page of `address`.
fn put_zeros(address: usize) -> bool {
    let page = PAGE.load(Ordering::Acquire);
    let start = address - address % page;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
    // SAFETY: the page lies in a mapping of ours that is in use by the thread that faulted, so it is not unmapped meanwhile;
    // mappings begin and end on pages. It is replaced at one stroke by one that can be read, and goes with the whole range
    // when that is unmapped.
    let mapped = unsafe {
        libc::mmap(
            start as *mut libc::c_void,
            page,
            libc::PROT_READ,
            flags,
            -1,
            0,
        )
    };
    mapped != libc::MAP_FAILED
}
