import { createContext } from "preact"
import { useContext, useEffect, useState } from "preact/hooks"
import { parsePlace, type Place } from "./place.ts"
import { Service, ServiceError } from "./service.ts"

const ServiceContext = createContext(new Service(""))
export const ServiceProvider = ServiceContext.Provider
export const useService = (): Service => useContext(ServiceContext)

/** Where the page is; changes with its address. */
export function usePlace(): Place {
  const [place, setPlace] = useState(() => parsePlace(location.hash))
  useEffect(() => {
    const moved = () => setPlace(parsePlace(location.hash))
    addEventListener("hashchange", moved)
    return () => removeEventListener("hashchange", moved)
  }, [])
  return place
}

/** The time, looked at every so many milliseconds. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}

export interface Loaded<T> {
  readonly value?: T
  readonly error?: ServiceError
}

/** What a promise came to; asked again whenever one of `keys` changes, and then the one before is given up. */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, keys: readonly unknown[]): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({})
  useEffect(() => {
    const abort = new AbortController()
    setLoaded({})
    load(abort.signal).then(
      (value) => !abort.signal.aborted && setLoaded({ value }),
      (error: unknown) => !abort.signal.aborted && setLoaded({ error: asServiceError(error) }),
    )
    return () => abort.abort()
  }, keys)
  return loaded
}

export function asServiceError(error: unknown): ServiceError {
  return error instanceof ServiceError ? error : new ServiceError({ code: "Internal", message: String(error) })
}
