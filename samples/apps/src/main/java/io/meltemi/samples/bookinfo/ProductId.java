package io.meltemi.samples.bookinfo;

/** The number of a product in a path. */
final class ProductId {
  private ProductId() {}

  /**
   * Reads a product id.
   *
   * @throws IllegalArgumentException when it is not a whole number
   */
  static int parse(String text) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("please provide numeric product ID", e);
    }
  }
}
