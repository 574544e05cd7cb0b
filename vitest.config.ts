import { defineConfig } from "vitest/config"

/** Three kinds of tests. `unit` is pure and quick; `integration` needs this machine (QEMU, loop devices); `e2e` needs the test cluster. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          testTimeout: 10_000,
          isolate: false, // pure code keeps nothing between files; loading it anew for each is two thirds of the time
        },
      },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
          globalSetup: ["test/support/namespaces-gone.ts"],
        },
      },
    ],
  },
})
