import { useEffect } from "preact/hooks"

/** Does something when a key is pressed anywhere but in a field that takes it as text. */
export function useKey(key: string, action: () => void): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const isText = event.target instanceof HTMLInputElement
      if (event.key !== key || event.ctrlKey || event.metaKey || event.altKey || (isText && key !== "Escape")) return
      event.preventDefault()
      action()
    }
    addEventListener("keydown", pressed)
    return () => removeEventListener("keydown", pressed)
  })
}

/** Which row a key leads to from this one; undefined for keys that lead nowhere. */
export function rowAfter(key: string, row: number, count: number, page: number): number | undefined {
  const within = (wanted: number) => Math.max(0, Math.min(count - 1, wanted))
  switch (key) {
    case "ArrowDown":
      return within(row + 1)
    case "ArrowUp":
      return within(row - 1)
    case "PageDown":
      return within(row + page)
    case "PageUp":
      return within(row - page)
    case "Home":
      return within(0)
    case "End":
      return within(count - 1)
    default:
      return undefined
  }
}
