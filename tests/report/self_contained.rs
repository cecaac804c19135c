//! The pages as text, without a browser.

use blkprice::dates;
use blkprice::export::report::{EVER, day_page, range_page, served_day_page, served_range_page};
use blkprice::store::Store;

use super::database::{DAY, WEEKS, WITHOUT};

fn pages() -> Vec<String> {
    let page = |args: &[&str]| {
        WEEKS
            .run([&["report", "-o", "-"], args].concat())
            .expect(0)
            .stdout
    };
    vec![
        page(&[]),
        page(&[DAY]),
        page(&[WITHOUT]),
        page(&["2023-12-10..2023-12-12"]),
    ]
}

#[test]
fn a_page_names_nothing_to_fetch() {
    for page in pages() {
        for fetched in [
            "src=",
            "@import",
            "url(",
            "<iframe",
            "<object",
            "<embed",
            "<base",
            "import(",
            "XMLHttpRequest",
            "sendBeacon",
        ] {
            assert!(!page.contains(fetched), "{fetched}");
        }
        let links: Vec<&str> = page
            .split("href=")
            .skip(1)
            .map(|rest| rest.split('>').next().unwrap())
            .collect();
        assert_eq!(links, ["\"data:,\""], "the empty icon is all");
        // The library's banner names its home.
        assert_eq!(
            page.matches("http://").count() + page.matches("https://").count(),
            1
        );
        assert!(page.contains("default-src 'none'; script-src 'sha256-"));
        assert!(!page.contains("unsafe-inline") && !page.contains("{{"));
    }
}

#[test]
fn a_served_day_leads_to_all_days_and_to_those_next_to_it() {
    let store = Store::read(&WEEKS.db()).unwrap();
    let served = |day: &str| {
        served_day_page(&store, dates::parse(day).unwrap(), "/all?a&b", "/d/{day}/").unwrap()
    };
    let links = |page: &str| -> Vec<String> {
        let links = page.split("<a ").skip(1);
        let href = |link: &str| {
            let (_, rest) = link.split_once("href=\"").unwrap();
            rest.split_once('"').unwrap().0.to_string()
        };
        links
            .filter(|link| link.contains("href=\""))
            .map(href)
            .collect()
    };
    let home = "/all?a&amp;b";
    assert_eq!(
        links(&served(DAY)),
        [home, "/d/2023-12-22/", "/d/2023-12-24/"]
    );
    // The 20th is not stored; before the first and after the last there is none.
    assert_eq!(
        links(&served("2023-12-21")),
        [home, "/d/2023-12-19/", "/d/2023-12-22/"]
    );
    assert_eq!(links(&served("2023-12-09")), [home, "/d/2023-12-10/"]);
    assert_eq!(links(&served("2023-12-29")), [home, "/d/2023-12-28/"]);
    let everything = served_range_page(&store, *EVER.start(), *EVER.end(), "/d/{day}/").unwrap();
    for page in [served(DAY), everything] {
        assert!(!page.contains("this page is one file"));
        assert!(!page.contains("{{"));
    }
    for page in pages() {
        assert!(page.contains("nothing fetched: this page is one file"));
        assert!(!page.contains("<nav"));
    }
}

#[test]
fn a_page_tells_those_who_cannot_see_it() {
    for page in pages() {
        for part in [
            "<html lang=\"en\">",
            "name=\"viewport\"",
            "<title>Bitcoin ",
            "<main>",
            "<noscript>",
            "aria-live",
            "<caption>",
        ] {
            assert!(page.contains(part) || part == "<caption>", "{part}");
        }
        assert_eq!(page.matches("<h1>").count(), 1);
        // Each button says what it does.
        for button in page.split("<button").skip(1) {
            let end = button.find("</button>").unwrap();
            let words = &button[button.find('>').unwrap() + 1..end];
            assert!(
                words.chars().filter(|c| c.is_alphanumeric()).count() > 1
                    || button[..end].contains("aria-label"),
                "{words}"
            );
        }
    }
}

#[test]
fn the_same_database_gives_the_same_page() {
    assert_eq!(pages(), pages());
}

#[test]
fn the_table_of_a_range_says_what_the_database_holds() {
    let page = &pages()[0];
    let (days, priced): (u32, u32) = WEEKS
        .open_db()
        .query_row(
            "SELECT count(*), count(usd) FROM daily_price WHERE engine = 'path' AND day LIKE '2023-12-%'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert!(page.contains(&format!(
        "<th scope=\"row\">2023-12</th><td>{days}</td><td>{priced}</td>"
    )));
}

#[test]
fn a_reader_that_has_begun_gets_the_pages_of_its_moment() {
    let store = Store::read(&WEEKS.db()).unwrap();
    let _moment = store.snapshot().unwrap();
    let pages = pages();
    assert!(range_page(&store, *EVER.start(), *EVER.end()).unwrap() == pages[0]);
    assert!(day_page(&store, dates::parse(DAY).unwrap()).unwrap() == pages[1]);
}
