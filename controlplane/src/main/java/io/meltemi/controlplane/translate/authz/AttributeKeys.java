package io.meltemi.controlplane.translate.authz;

import java.util.ArrayList;
import java.util.List;

/** Keys of conditions, such as {@code request.auth.claims[a][b]}. */
final class AttributeKeys {
  private AttributeKeys() {}

  /** What stands before the brackets. */
  static String name(String key) {
    int bracket = key.indexOf('[');
    return bracket < 0 ? key : key.substring(0, bracket);
  }

  /** What stands in them, in order. */
  static List<String> brackets(String key) {
    List<String> found = new ArrayList<>();
    int at = key.indexOf('[');
    while (at >= 0) {
      int end = key.indexOf(']', at);
      if (end < 0) {
        break;
      }
      found.add(key.substring(at + 1, end));
      at = key.indexOf('[', end);
    }
    return found;
  }
}
