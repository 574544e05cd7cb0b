import { chromium, type Browser } from "playwright-core"

/** Debian's Chromium, without a window. Its own sandbox needs user namespaces, or not to be root. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] })
}
