//! Headless Chromium, driven through chromedriver: plain JSON over HTTP on loopback.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// One browser at a time: the machine may be small.
static ALONE: Mutex<()> = Mutex::new(());

/// A browser with one window.
pub(crate) struct Browser {
    driver: Child,
    session: String,
    profile: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Browser {
    /// A browser with a window of this size; none, said loudly, where chromedriver or Chromium is absent.
    pub(crate) fn start(test: &str, width: u32, height: u32) -> Option<Browser> {
        let found = |variable: &str, names: &[&str]| {
            let found = program(variable, names);
            if found.is_none() {
                eprintln!("SKIPPED {test}: there is no {} (nor ${variable})", names[0]);
            }
            found
        };
        let driver = found("CHROMEDRIVER_EXE", &["chromedriver"])?;
        let chromium = found(
            "CHROMIUM_EXE",
            &["chromium", "chromium-browser", "google-chrome"],
        )?;
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .env("HOME", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(driver.stdout.take().unwrap());
        let port = port(&mut said);
        std::thread::spawn(move || said.read_to_end(&mut Vec::new())); // a full pipe would stop it
        let mut browser = Browser {
            driver,
            session: format!("http://127.0.0.1:{port}/session"),
            profile,
            _alone: alone,
        };
        let args = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            &format!(
                "--user-data-dir={}",
                browser.profile.path().join("profile").display()
            ),
            &format!("--window-size={width},{height}"),
        ];
        let session = browser.post(
            "",
            &json!({ "capabilities": { "alwaysMatch": {
                "goog:chromeOptions": { "binary": chromium, "args": args },
                "goog:loggingPrefs": { "browser": "ALL" },
            } } }),
        );
        browser.session = format!(
            "{}/{}",
            browser.session,
            session["sessionId"].as_str().unwrap()
        );
        Some(browser)
    }

    /// Sends a command and gives what it gives.
    #[track_caller]
    fn post(&self, command: &str, body: &Json) -> Json {
        let response = minreq::post(format!("{}{command}", self.session))
            .with_header("Content-Type", "application/json")
            .with_body(body.to_string())
            .with_timeout(120)
            .send()
            .unwrap();
        let text = response.as_str().unwrap();
        let mut answer: Json = serde_json::from_str(text).unwrap();
        assert_eq!(response.status_code, 200, "{command}: {text}");
        answer["value"].take()
    }

    /// Opens a page from a file and waits until its scripts have run.
    #[track_caller]
    pub(crate) fn open(&self, page: &Path) {
        self.post(
            "/url",
            &json!({ "url": format!("file://{}", page.display()) }),
        );
        self.wait("return document.documentElement.dataset.ready > 0");
    }

    /// What a script returns.
    #[track_caller]
    pub(crate) fn run(&self, script: &str) -> Json {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// What a script returns as text.
    #[track_caller]
    pub(crate) fn text(&self, script: &str) -> String {
        let value = self.run(script);
        value
            .as_str()
            .unwrap_or_else(|| panic!("{script}: {value}"))
            .to_string()
    }

    /// What a field of a readout shows exactly, as the page keeps it beside the text.
    #[track_caller]
    pub(crate) fn field(&self, readout: &str, field: &str) -> Option<String> {
        let script = format!(
            "return document.querySelector('#{readout} [data-field=\"{field}\"]').dataset.value ?? null"
        );
        self.run(&script).as_str().map(str::to_string)
    }

    /// Waits until a script returns true.
    #[track_caller]
    pub(crate) fn wait(&self, script: &str) {
        let until = Instant::now() + Duration::from_secs(60);
        while self.run(script) != json!(true) {
            assert!(Instant::now() < until, "never: {script}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// A command of the developer tools.
    #[track_caller]
    pub(crate) fn tell(&self, command: &str, parameters: Json) -> Json {
        self.post(
            "/goog/cdp/execute",
            &json!({ "cmd": command, "params": parameters }),
        )
    }

    /// Clicks the element that a selector finds.
    #[track_caller]
    pub(crate) fn click(&self, selector: &str) {
        let element = self.post(
            "/element",
            &json!({ "using": "css selector", "value": selector }),
        );
        let id = element
            .as_object()
            .unwrap()
            .values()
            .next()
            .unwrap()
            .as_str()
            .unwrap()
            .to_string();
        self.post(&format!("/element/{id}/click"), &json!({}));
    }

    /// Moves the mouse over an element: to so much of its width from its left edge, and to its middle.
    #[track_caller]
    pub(crate) fn hover(&self, selector: &str, share: f64) {
        let at = self.run(&format!(
            "const e = document.querySelector('{selector}'); e.scrollIntoView({{ block: 'center' }}); \
             const r = e.getBoundingClientRect(); return [r.left + r.width * {share}, r.top + r.height / 2]"
        ));
        let moved = |x: f64| json!({ "type": "pointerMove", "duration": 0, "origin": "viewport", "x": x.round(), "y": at[1].as_f64().unwrap().round() });
        let x = at[0].as_f64().unwrap();
        self.post(
            "/actions",
            &json!({ "actions": [{ "type": "pointer", "id": "mouse", "parameters": { "pointerType": "mouse" },
                                   "actions": [moved(x - 3.0), moved(x)] }] }),
        );
    }

    /// Presses keys one after the other.
    #[track_caller]
    pub(crate) fn press(&self, keys: &[&str]) {
        let strokes: Vec<Json> = keys
            .iter()
            .flat_map(|key| {
                [
                    json!({ "type": "keyDown", "value": key }),
                    json!({ "type": "keyUp", "value": key }),
                ]
            })
            .collect();
        self.post(
            "/actions",
            &json!({ "actions": [{ "type": "key", "id": "keys", "actions": strokes }] }),
        );
    }

    /// A picture of the window.
    pub(crate) fn screenshot(&self) -> Vec<u8> {
        let shot = self.tell("Page.captureScreenshot", json!({ "format": "png" }));
        STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()
    }

    /// Shows pages as to one who wants them dark.
    pub(crate) fn prefer_dark(&self) {
        let features = json!([{ "name": "prefers-color-scheme", "value": "dark" }]);
        self.tell(
            "Emulation.setEmulatedMedia",
            json!({ "features": features }),
        );
    }

    /// Makes the window that of a phone.
    pub(crate) fn be_a_phone(&self) {
        self.tell(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": true }),
        );
    }

    /// Where the browser saves files from now on.
    pub(crate) fn downloads(&self) -> PathBuf {
        let dir = self.profile.path().join("downloads");
        std::fs::create_dir_all(&dir).unwrap();
        self.tell(
            "Browser.setDownloadBehavior",
            json!({ "behavior": "allow", "downloadPath": dir }),
        );
        dir
    }

    /// Errors of the page: scripts that failed, and what its policy has blocked.
    pub(crate) fn errors(&self) -> Vec<String> {
        let log = self.post("/se/log", &json!({ "type": "browser" }));
        let entries = log.as_array().unwrap().iter();
        entries
            .filter(|entry| entry["level"] == "SEVERE")
            .map(|entry| entry["message"].to_string())
            .collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser ends with its session, the driver by our hand.
        let _ = minreq::delete(&self.session).with_timeout(20).send();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The port that the driver has taken.
fn port(said: &mut impl BufRead) -> u16 {
    let mut line = String::new();
    while said.read_line(&mut line).unwrap() > 0 {
        if let Some(port) = line.trim_end().trim_end_matches('.').rsplit(' ').next()
            && line.contains("started successfully on port")
        {
            return port.parse().unwrap();
        }
        line.clear();
    }
    panic!("chromedriver told no port");
}

fn program(variable: &str, names: &[&str]) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        return Some(PathBuf::from(path)).filter(|path| path.is_file());
    }
    let path = std::env::var_os("PATH")?;
    let places = names
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |dir| dir.join(name)));
    places.into_iter().find(|place| place.is_file())
}

/// The file that a click saves, once it is whole.
#[track_caller]
pub(crate) fn saved(dir: &Path, name: &str) -> Vec<u8> {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        match std::fs::read(dir.join(name)) {
            Ok(bytes) if !bytes.is_empty() => return bytes,
            _ => assert!(
                Instant::now() < until,
                "{name} was never saved: {:?}",
                dir.read_dir().unwrap().collect::<Vec<_>>()
            ),
        }
        std::thread::sleep(Duration::from_millis(30));
    }
}
