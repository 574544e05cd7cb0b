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
