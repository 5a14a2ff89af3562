package io.meltemi.bench.controlplane;

/** The size of a mesh. */
record Cell(int services, int proxies) {
  /**
   * Reads {@code SERVICES:PROXIES}.
   *
   * @throws IllegalArgumentException when it is something else
   */
  static Cell parse(String text) {
    String[] parts = text.split(":", -1);
    if (parts.length == 2
        && parts[0].matches("[1-9]\\d{0,5}")
        && parts[1].matches("[1-9]\\d{0,5}")) {
      return new Cell(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
    }
    throw new IllegalArgumentException(
        "--cells: found " + text + " (expected: SERVICES:PROXIES, such as 1000:1000)");
  }

  @Override
  public String toString() {
    return services + " × " + proxies;
  }
}
