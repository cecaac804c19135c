//! SIGBUS in a map that is not ours: left to whoever dealt with it before, and ours are still watched.

#![allow(
    unsafe_code,
    reason = "a map and a signal handler of somebody else cannot be had without"
)]

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use blkprice::blockfile::{Access, BlockSource, XorKey};

const TEST: &str = "handed_back::a_fault_in_a_map_of_somebody_else_is_left_to_the_handler_before";
/// Says to a process of this test which child it is.
const CHILD: &str = "BLKPRICE_TEST_CHILD";
static HANDLED: AtomicUsize = AtomicUsize::new(0);

#[test]
fn a_fault_in_a_map_of_somebody_else_is_left_to_the_handler_before() {
    if let Ok(child) = std::env::var(CHILD) {
        return with_a_torn_map(child == "handler");
    }
    let run = |child: &str| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", TEST])
            .env(CHILD, child)
            .output()
            .unwrap()
    };
    // Where nobody deals with it, the process ends by it, as without us.
    let ended = run("nobody");
    assert_eq!(ended.status.signal(), Some(libc::SIGBUS), "{ended:?}");
    let ended = run("handler");
    assert!(ended.status.success(), "{ended:?}");
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(said.contains("went on"), "{said}");
}

fn page() -> usize {
    // SAFETY: asks for a number, which may be done in a handler too.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

/// A program of others that has maps of its own, some with a handler for their faults, and then uses our maps too.
fn with_a_torn_map(handled: bool) {
    if handled {
        // SAFETY: a sigaction is plain data, and the handler does nothing that a handler may not.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = theirs as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO;
            assert_eq!(
                libc::sigaction(libc::SIGBUS, &raw const action, ptr::null_mut()),
                0
            );
        }
    }
    let page = page();
    let size = u32::try_from(4 * page).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (our_path, their_path) = (dir.path().join("ours"), dir.path().join("theirs"));
    let write = |path: &Path| fs::write(path, vec![1; 4 * page]).unwrap();
    write(&our_path);
    write(&their_path);
    let ours = BlockSource::open(&our_path, Access::Map, XorKey::default()).unwrap();
    let first = ours.with_block(0, 100, &mut Vec::new(), |bytes| bytes[0]);
    assert_eq!(first.unwrap(), 1);

    for round in 1..=2 {
        write(&their_path);
        let file = File::open(&their_path).unwrap();
        // SAFETY: what is read of it is no reference that outlives the read.
        let map = unsafe { memmap2::Mmap::map(&file) }.unwrap();
        File::create(&their_path).unwrap();
        // SAFETY: the address is mapped; that the file has no such page is what is tested.
        let byte = unsafe { ptr::read_volatile(map.as_ptr().add(page)) };
        assert_eq!(byte, 0, "what their handler put there");
        assert_eq!(HANDLED.load(Ordering::Relaxed), round);
    }

    let torn = ours.with_block(0, size, &mut Vec::new(), |bytes| {
        File::create(&our_path).unwrap();
        bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>()
    });
    assert!(torn.is_err(), "ours are still watched");
    assert_eq!(HANDLED.load(Ordering::Relaxed), 2, "and are none of theirs");
    println!("went on");
}

extern "C" fn theirs(_: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    HANDLED.fetch_add(1, Ordering::Relaxed);
    // SAFETY: the system gives a valid siginfo; the page lies in a map of this test that nothing refers to.
    unsafe {
        let (address, page) = ((*info).si_addr() as usize, page());
        libc::mmap(
            (address - address % page) as *mut libc::c_void,
            page,
            libc::PROT_READ,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED,
            -1,
            0,
        );
    }
}
