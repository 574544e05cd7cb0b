/** The page's files, as they are served. */
export interface PageAssets {
  readonly html: string
  readonly css: string
  readonly js: string
  readonly icon: string
}

/** Put in by scripts/build-cli.ts. */
declare const __pageAssets: PageAssets | undefined

/** Of the built program its own; from the sources they are bundled now. */
export async function pageAssets(): Promise<PageAssets> {
  if (typeof __pageAssets !== "undefined") return __pageAssets
  const { bundlePage } = await import("../../../scripts/bundle-page.ts")
  return bundlePage()
}
