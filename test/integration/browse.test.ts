import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import type { Locator, Page } from "playwright-core"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest"
import { displayName } from "../../src/files/names.ts"
import { type BrowseLab, database, oddNames, openBrowseLab } from "../support/browse-lab.ts"

/** The web page of `browse`, in Chromium, with real clicks and keys, on a file service of a directory. */
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex")

let lab: BrowseLab
let page: Page
const complaints: string[] = []
const asked: URL[] = []

beforeAll(async () => {
  lab = await openBrowseLab()
})

afterAll(() => lab[Symbol.asyncDispose]())

beforeEach(async () => {
  page = await lab.browser.newPage({ viewport: { width: 1200, height: 800 } })
  page.on("console", (message) => complaints.push(message.text()))
  page.on("pageerror", (error) => complaints.push(error.message))
  page.on("dialog", (dialog) => complaints.push(`a dialog: ${dialog.message()}`))
  page.on("request", (request) => asked.push(new URL(request.url())))
  await page.goto(lab.url)
})

afterEach(async () => {
  await page.close()
  if (complaints.length > 0) throw new Error(`the browser complains: ${complaints.splice(0).join("; ")}`)
})

const row = (name: string) => page.getByTitle(name, { exact: true })
const open = async (...names: string[]) => {
  for (const name of names) await (name === "data" ? page.locator("a.card") : row(name)).click()
}
const comes = (what: Locator) =>
  what.waitFor().then(
    () => true,
    () => false,
  )
/** What the browser saves when this is clicked. */
async function saved(click: () => Promise<void>): Promise<{ name: string; bytes: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent("download"), click()])
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) }
}

describe("a file is found and taken home", () => {
  test("by clicks: volume, directory, file; its bytes are the right ones", async () => {
    await open("data", "orders", "2026-11.db")
    const { name, bytes } = await saved(() => page.getByRole("button", { name: "Download", exact: true }).click())
    expect([name, sha256(bytes)]).toEqual(["2026-11.db", sha256(database)])
  })

  test("by keys alone", async () => {
    await page.locator("a.card").focus()
    await page.keyboard.press("Enter")
    await page.getByRole("grid").focus()
    await row("orders").waitFor()
    await page.keyboard.press("End")
    await page.keyboard.press("Home")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.getByRole("grid").focus()
    await row("notes.txt").waitFor()
    await page.keyboard.press("/")
    await page.keyboard.type("notes")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await page.getByText("größe 1").waitFor()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Backspace")
    expect(await comes(row("many"))).toBe(true)
  })

  test("a link leads where it points to", async () => {
    await open("data", "link")
    expect(await comes(row("2026-11.db"))).toBe(true)
  })
})

test("names from hell are shown harmlessly, and their files come with the right content", async () => {
  await open("data", "odd")
  for (const name of oddNames) {
    await page.getByText(displayName(name), { exact: true }).click()
    const { bytes } = await saved(() => page.getByRole("button", { name: "Download", exact: true }).click())
    expect(bytes.equals(name)).toBe(true)
    await page.keyboard.press("Escape")
  }
})

describe("several files at once", () => {
  const choose = (name: string) => page.getByLabel(`Select ${name}`, { exact: true }).check()
  const contents = (bytes: Buffer, ...unpack: [string, ...string[]]) => {
    const file = `${lab.root}.archive`
    writeFileSync(file, bytes)
    try {
      const [program, ...args] = unpack
      return execFileSync(program, [...args, file], { encoding: "utf8" })
        .trim()
        .split("\n")
        .sort()
    } finally {
      rmSync(file)
    }
  }

  test("what is selected comes as a zip", async () => {
    await open("data", "orders")
    await choose("notes.txt")
    await choose("2026")
    await choose("2026-11.db")
    const { name, bytes } = await saved(() => page.getByRole("button", { name: "zip" }).click())
    expect(name).toMatch(/\.zip$/)
    expect(
      contents(
        bytes,
        "python3",
        "-c",
        "import sys, zipfile; print(*zipfile.ZipFile(sys.argv[1]).namelist(), sep='\\n')",
      ),
    ).toEqual(["orders/2026-11.db", "orders/2026/", "orders/notes.txt"])
  })

  test("a directory comes as a tar", async () => {
    await open("data", "orders")
    const { name, bytes } = await saved(() => page.getByRole("button", { name: "tar" }).click())
    expect(name).toMatch(/\.tar$/)
    expect(contents(bytes, "tar", "-tf")).toContainEqual(expect.stringMatching(/^(\.\/)?orders\/notes\.txt$/))
  })

  test("checksums come in the format of sha256sum", async () => {
    await open("data", "orders")
    await choose("2026-11.db")
    const { bytes } = await saved(() => page.getByRole("button", { name: "checksums" }).click())
    expect(bytes.toString()).toContain(`${sha256(database)}  `)
  })
})

describe("a name is looked for in all volumes", () => {
  const find = async (words: string) => {
    await page.getByRole("searchbox", { name: "Find a name" }).fill(words)
    await page.keyboard.press("Enter")
  }

  test("by a part of it, and what is found leads to where it lies", async () => {
    await find("NOTES")
    await page.getByText("data/orders/notes.txt").click()
    expect(await comes(row("2026-11.db"))).toBe(true)
  })

  test("by a pattern", async () => {
    await find("*.db")
    expect(await comes(page.getByText("1 match", { exact: true }))).toBe(true)
  })

  test("that isn't there", async () => {
    await find("nowhere")
    expect(await comes(page.getByText("0 matches", { exact: true }))).toBe(true)
  })
})

describe("what comes from a disk runs nothing", () => {
  test("text that is HTML is shown as text", async () => {
    await open("data", "orders", "evil.html")
    expect(await page.locator("pre").textContent()).toBe("<script>document.title='evil'</script>")
  })

  test("a picture is shown", async () => {
    await open("data", "orders", "red.png")
    const picture = page.locator(".preview img")
    await vi.waitFor(
      async () =>
        expect(await picture.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth)).toBe(1),
      { timeout: 20_000 },
    )
    expect(await page.title()).toBe("orders – file recovery")
  })

  test("opened on its own, it is saved, not shown", async () => {
    await open("data", "orders", "red.png")
    const source = (await page.locator(".preview img").getAttribute("src")) ?? ""
    const answer = await lab.ask(source)
    expect(answer.headers).toMatchObject({
      "content-security-policy": "default-src 'none'; sandbox",
      "x-content-type-options": "nosniff",
    })
  })

  test("a document is shown from another origin, which has nothing else", async () => {
    await open("data", "orders", "report.pdf")
    const source = (await page.locator("iframe").getAttribute("src")) ?? ""
    expect(new URL(source).origin).not.toBe(new URL(lab.url).origin)
    const answer = await lab.ask("/api/session", { port: new URL(source).port })
    expect(answer.status).toBe(403)
    expect(
      (await lab.ask(new URL(source).pathname + new URL(source).search, { port: new URL(source).port })).headers,
    ).toMatchObject({ "content-type": "application/pdf" })
  })
})

describe("long directories", () => {
  test("all entries are there, few of them on the page; sorted, filtered and walked through", async () => {
    await open("data", "many")
    await page.getByText("20,000 entries", { exact: true }).waitFor({ timeout: 60_000 })
    expect(await page.locator(".rows .row").count()).toBeLessThan(80)
    await page.getByRole("button", { name: "Name" }).click()
    await row("file-19999").waitFor()
    await page.getByRole("grid").focus()
    await page.keyboard.press("End")
    await row("file-0").waitFor()
    await page.getByRole("searchbox", { name: "Filter" }).fill("-1234")
    await page.getByText("11 of 20,000 entries").waitFor()
  })
})

describe("the session", () => {
  test("its time left is shown, and can be made longer", async () => {
    lab.session.expiresAt = new Date(Date.now() + 2 * 3_600_000)
    await page.reload()
    await page.getByRole("timer").getByText("ends in 1 h 59 min").waitFor()
    await page.getByRole("button", { name: "One hour more" }).click()
    expect(await comes(page.getByRole("timer").getByText("ends in 2 h 59 min"))).toBe(true)
  })

  test("unmounting asks first", async () => {
    await page.getByRole("button", { name: "Unmount…" }).click()
    await page.getByRole("button", { name: "Keep it" }).click()
    expect(lab.session.phase).toBe("Ready")
    await page.getByRole("button", { name: "Unmount…" }).click()
    await page.getByRole("dialog").getByRole("button", { name: "Unmount" }).click()
    await page.getByText("Unmounting: nothing can be read any more").waitFor()
    lab.session.phase = "Ready"
  })
})

test("in a narrow window and in the dark nothing is cut off", async () => {
  await page.emulateMedia({ colorScheme: "dark" })
  await page.setViewportSize({ width: 360, height: 700 })
  await open("data", "orders")
  await row("notes.txt").waitFor()
  const width = await page.locator("html").evaluate((html) => (html as unknown as { scrollWidth: number }).scrollWidth)
  expect(width).toBe(360)
  await open("notes.txt")
  await page.getByText("größe 1").waitFor()
})

test("the page asks nobody but this machine", () => {
  const viewer = /^chrome(-extension)?:$/ // what the browser shows documents with is part of it
  const hosts = asked.filter(({ protocol }) => !viewer.test(protocol)).map(({ hostname }) => hostname)
  expect([...new Set(hosts)]).toEqual(["127.0.0.1"])
})

describe("whoever has no token gets no byte", () => {
  const content = "/v1/volumes/data/content?path=/orders/notes.txt"
  const token = () => lab.url.replace(/^.*=/, "")
  const authorization = () => ({ headers: { authorization: `Bearer ${token()}` } })
  test.each([
    ["no token", () => lab.ask(content)],
    ["another token", () => lab.ask(content, { headers: { authorization: `Bearer ${"x".repeat(43)}` } })],
    ["a signature that is none", () => lab.ask(`/t/${"0".repeat(64)}${content}`)],
    [
      "a name that leads here",
      () => lab.ask(content, { headers: { ...authorization().headers, host: "evil.example" } }),
    ],
    ["unmounting", () => lab.ask("/api/session/unmount", { method: "POST" })],
  ])("%s", async (_, attempt) => {
    expect(await attempt()).toMatchObject({ status: 403, body: expect.stringContaining("LoginRefused") })
    expect(lab.session.phase).toBe("Ready")
  })

  test("with it one does, and a signature opens its own target only", async () => {
    expect(await lab.ask(content, authorization())).toMatchObject({ status: 200, body: "größe 1\n" })
    await open("data", "orders", "red.png")
    const signed = (await page.locator(".preview img").getAttribute("src")) ?? ""
    expect((await lab.ask(signed)).status).toBe(200)
    expect((await lab.ask(signed.replace("red.png", "notes.txt"))).status).toBe(403)
  })

  test("nothing is written through it", async () => {
    expect(await lab.ask(content, { ...authorization(), method: "PUT" })).toMatchObject({ status: 400 })
  })
})
