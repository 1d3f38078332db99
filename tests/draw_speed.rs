//! How fast the wizard draws. `tests/bench/tui` runs this as a release build and reads the lines that begin with
//! "figure"; without its word in `GANGPLANK_BENCH` the same is done once, and only what does not depend on the
//! machine is asserted.

#![expect(clippy::similar_names, reason = "the names of a sender and what it sent")]

#[path = "support/nowhere.rs"]
mod nowhere;

use gangplank::ui::wizard::validation;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gangplank::engine::{Event, Stamped};
use gangplank::plan::place::Place;
use gangplank::ui::gallery::scenes;
use gangplank::ui::tui::app::{LoopAction, WizardLoop};
use gangplank::ui::tui::view;
use gangplank::ui::wizard::key::{Key, KeyCode};
use gangplank::ui::wizard::look::{Inspection, Look, ProbeTarget};
use gangplank::ui::wizard::message::Msg;
use gangplank::ui::wizard::model::Model;
use gangplank::ui::wizard::screen::Screen;
use gangplank::ui::wizard::update;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

const WIDE: (u16, u16) = (200, 60);
const WORKERS: usize = 500;

fn measured() -> bool {
    std::env::var_os("GANGPLANK_BENCH").is_some()
}

/// One line for the bench script.
fn figure(name: &str, value: f64, unit: &str) {
    println!("figure {name} {value:.3} {unit}");
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The time that so many of a hundred stay under.
fn percentile(times: &mut [Duration], hundredth: usize) -> Duration {
    times.sort();
    times[(times.len() * hundredth / 100).min(times.len() - 1)]
}

/// A scene whose first worker is there so often.
fn many(scene: &str, workers: usize, size: (u16, u16)) -> Model {
    let mut model = scenes::scene(scene, size).expect("a scene of this name");
    let first = Place::Worker("worker01".to_owned());
    let name = |at: usize| format!("worker{:03}", at + 1);
    let row = model.form.answers.workers[0].clone();
    let look = model.probes.looks.get(&ProbeTarget::Worker("worker01".to_owned())).cloned();
    let cells = model.run.cells.of(&first).cloned().unwrap_or_default();
    let (log, changed) = (model.run.logs.get(&first).cloned(), model.run.changed.get(&first).cloned());
    model.form.answers.workers = (0..workers)
        .map(|at| {
            let mut one = row.clone();
            one.name = Some(name(at));
            one.address = Some(format!("10.1.{}.{}", at / 250, at % 250 + 1));
            one
        })
        .collect();
    for at in 0..workers {
        let place = Place::Worker(name(at));
        let seen: Look = look.clone().unwrap_or_else(Look::begun);
        model.probes.looks.insert(ProbeTarget::Worker(name(at)), seen);
        for (step, cell) in &cells {
            model.run.cells.change(&place, step, |new| new.clone_from(cell));
        }
        model.run.logs.extend(log.clone().map(|log| (place.clone(), log)));
        model.run.changed.extend(changed.clone().map(|changed| (place.clone(), changed)));
        if let Some(end) = model.run.ends.get(&first).cloned() {
            model.run.ends.insert(place, end);
        }
    }
    if let Inspection::Seen { seen, at, .. } = &model.preview.inspection {
        let mut all = seen.as_ref().clone();
        if let Some(one) = all.iter().find(|one| one.place == first).cloned() {
            all.retain(|one| !matches!(one.place, Place::Worker(_)));
            all.extend((0..workers).map(|at| {
                let mut one = one.clone();
                one.place = Place::Worker(name(at));
                one
            }));
        }
        model.preview.inspection = Inspection::of(Arc::new(all), at.clone());
    }
    validation::validate(&mut model);
    model.nav.row = workers / 2;
    // What a message leaves for the frames after it.
    update::update(&mut model, Msg::Told);
    model
}

/// What no screen of this size can be drawn faster than: a letter in every cell, in six colours, by ratatui alone.
fn floor(frame: &mut ratatui::Frame) {
    let area = frame.area();
    let words = "x".repeat(usize::from(area.width) / 10);
    let line = |row: u16| {
        let style = |word: u16| Style::new().fg(Color::Indexed(u8::try_from((row + word) % 6).unwrap_or(0)));
        (0..10).map(|word| Span::styled(words.clone(), style(word))).collect::<Line>()
    };
    for (row, y) in (area.top()..area.bottom()).enumerate() {
        frame.buffer_mut().set_line(area.x, y, &line(u16::try_from(row).unwrap_or(0)), area.width);
    }
}

/// One draw onto an empty screen: every cell is written.
fn drawn(screen: &mut Terminal<TestBackend>, draw: impl FnOnce(&mut ratatui::Frame)) -> Duration {
    screen.resize(ratatui::layout::Rect::new(0, 0, WIDE.0, WIDE.1)).unwrap();
    let begun = Instant::now();
    screen.draw(draw).unwrap();
    begun.elapsed()
}

#[test]
fn every_screen_draws_with_500_workers() {
    let times = if measured() { 200 } else { 1 };
    let (mut worst, mut worst_floors) = (Duration::ZERO, 0.0_f64);
    for scene in
        ["ca", "cluster", "workers", "certificates", "kubectl", "skydns", "review", "run-middle", "report"]
    {
        let model = many(scene, WORKERS, WIDE);
        assert_eq!(model.worker_names().len(), WORKERS);
        let mut screen = Terminal::new(TestBackend::new(WIDE.0, WIDE.1)).unwrap();
        let (mut all, mut floors) = (Vec::new(), Vec::new());
        for _ in 0..times {
            floors.push(drawn(&mut screen, floor));
            all.push(drawn(&mut screen, |frame| view::draw(frame, &model)));
        }
        let shown = screen.backend().to_string();
        assert!(shown.contains("gangplank") && shown.contains("worker") || scene == "ca", "{shown}");
        let (median, least) = (percentile(&mut all, 50), percentile(&mut floors, 50));
        worst = worst.max(median);
        worst_floors = worst_floors.max(median.as_secs_f64() / least.as_secs_f64());
        if measured() {
            figure(&format!("draw-{scene}"), milliseconds(median), "ms");
            figure(&format!("floor-{scene}"), milliseconds(least), "ms");
        }
    }
    if measured() {
        figure("draw-500-workers", milliseconds(worst), "ms");
        figure("draw-500-workers-floors", worst_floors, "x");
    }
}

#[test]
fn a_key_in_a_field_is_answered_with_500_workers() {
    let times = if measured() { 400 } else { 2 };
    let mut model = many("workers", WORKERS, (120, 36));
    model.nav.screen = Screen::Workers;
    let mut screen = Terminal::new(TestBackend::new(120, 36)).unwrap();
    let mut press = |code: KeyCode| {
        let begun = Instant::now();
        update::update(&mut model, Msg::Key(Key::plain(code)));
        screen.draw(|frame| view::draw(frame, &model)).unwrap();
        begun.elapsed()
    };
    press(KeyCode::Tab);
    press(KeyCode::Enter);
    let mut all: Vec<Duration> = Vec::new();
    for _ in 0..times {
        all.push(press(KeyCode::Char('x')));
        all.push(press(KeyCode::Backspace));
    }
    press(KeyCode::Char('x'));
    let worst = percentile(&mut all, 99);
    let name = model.worker_name(model.nav.row);
    assert!(name.ends_with('x'), "the keys went into a field: {name}");
    if measured() {
        figure("key-500-workers", milliseconds(worst), "ms");
    }
}

fn wizard(folder: &std::path::Path) -> (WizardLoop, Sender<Msg>) {
    let start = nowhere::start(folder);
    let send = start.send.clone();
    (WizardLoop::new(start, None, (120, 36)), send)
}

/// Output of all hosts at this pace until it is told to end.
#[expect(clippy::needless_pass_by_value, reason = "the thread owns them")]
fn stream(send: Sender<Msg>, hosts: usize, a_second: u64, ends: Arc<AtomicBool>, sent: Arc<AtomicU64>) {
    let begun = Instant::now();
    let mut count = 0;
    while !ends.load(Ordering::Acquire) {
        let due = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX) * a_second / 1_000_000;
        while count < due {
            let host = usize::try_from(count).unwrap_or(0) % hosts;
            let event = Stamped {
                v: 1,
                seq: count,
                t: begun.elapsed().as_secs_f64(),
                run: "bench".to_owned(),
                place: Place::Worker(format!("worker{:03}", host + 1)),
                step: None,
                event: Event::Output {
                    line: format!("line {count} of a command that has much to say about what it does"),
                    err: false,
                },
            };
            if send.send(Msg::Run(event)).is_err() {
                return;
            }
            count += 1;
        }
        sent.store(count, Ordering::Release);
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// Presses a key, waits until it was drawn, waits a little, and so on; each key's time.
fn press(send: &Sender<Msg>, drawn: &Receiver<Instant>, times: usize) -> Vec<Duration> {
    (0..times)
        .map_while(|number| {
            let at = Instant::now();
            send.send(Msg::Key(Key::plain(KeyCode::Char('h')))).ok()?;
            let seen = drawn.recv().ok()?;
            std::thread::park_timeout(Duration::from_millis(5 + u64::try_from(number % 17).unwrap_or(0)));
            Some(seen.duration_since(at))
        })
        .collect()
}

#[test]
fn a_key_draws_at_once_while_20_hosts_stream_and_output_alone_never_above_30_frames() {
    let (pace, keys, quiet) = if measured() { (20_000, 500, 5) } else { (1_000, 10, 1) };
    let folder = tempfile::tempdir().unwrap();
    let (mut wizard, send) = wizard(folder.path());
    wizard.model = many("run-middle", 20, (120, 36)).into();
    let mut screen = Terminal::new(TestBackend::new(120, 36)).unwrap();
    let (ends, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let (tell, drawn) = channel();
    let pressed = Arc::new(Mutex::new(None));
    let streams = {
        let (send, ends, sent) = (send.clone(), Arc::clone(&ends), Arc::clone(&sent));
        std::thread::spawn(move || stream(send, 20, pace, ends, sent))
    };
    let presses = {
        let (send, pressed) = (send.clone(), Arc::clone(&pressed));
        std::thread::spawn(move || {
            let times = press(&send, &drawn, keys);
            *pressed.lock().unwrap() = Some(times);
        })
    };
    // With keys: every change of the shown host is seen in the frame that follows.
    let begun = Instant::now();
    let mut shown = wizard.model.run.shown;
    while pressed.lock().unwrap().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(120), "keys are not drawn");
        let before = wizard.frames;
        let turn = wizard.turn(&mut screen).unwrap();
        assert!(matches!(turn, LoopAction::On));
        if wizard.frames > before && wizard.model.run.shown != shown {
            shown = wizard.model.run.shown;
            let _ = tell.send(Instant::now());
        }
    }
    presses.join().unwrap();
    let with_keys = wizard.frames;
    let most = u64::try_from(keys).unwrap() + begun.elapsed().as_secs() * 30 + 31;
    assert!(with_keys <= most, "{with_keys} frames, at most {most}");
    // Without: only the output draws.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(quiet) {
        wizard.turn(&mut screen).unwrap();
    }
    let seconds = begun.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let frames = (wizard.frames - with_keys) as f64 / seconds;
    assert!(frames <= 30.0, "{frames} frames a second");
    assert!(frames >= 2.0, "{frames} frames a second: what comes is shown");
    ends.store(true, Ordering::Release);
    streams.join().unwrap();
    let total = sent.load(Ordering::Acquire);
    let deadline = Instant::now() + Duration::from_secs(30);
    let heard = |wizard: &WizardLoop| -> usize {
        wizard.model.run.logs.values().map(gangplank::ui::wizard::screens::log::Log::len).sum()
    };
    while heard(&wizard) < usize::try_from(total).unwrap() && Instant::now() < deadline {
        wizard.turn(&mut screen).unwrap();
    }
    assert!(heard(&wizard) >= usize::try_from(total).unwrap(), "every line is heard");
    wizard.close().unwrap();
    if measured() {
        let mut times = pressed.lock().unwrap().take().unwrap();
        figure("key-frame-median", milliseconds(percentile(&mut times, 50)), "ms");
        figure("key-frame-p99", milliseconds(percentile(&mut times, 99)), "ms");
        figure("output-frames", frames, "/s");
    }
}
