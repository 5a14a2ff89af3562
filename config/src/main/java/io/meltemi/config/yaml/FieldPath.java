package io.meltemi.config.yaml;

/** A path from the root of a document, written out only when an error needs it. */
sealed interface FieldPath {
  /** The document itself. */
  record Root() implements FieldPath {}

  /** An entry of an object. */
  record Name(FieldPath parent, String name) implements FieldPath {}

  /** An element of a list. */
  record Index(FieldPath parent, int index) implements FieldPath {}

  /** An entry of a map with free keys. */
  record Key(FieldPath parent, String key) implements FieldPath {}

  /** {@code spec.http[0].match[1].headers[x-user].exact}. */
  default String text() {
    StringBuilder text = new StringBuilder();
    append(this, text);
    return text.toString();
  }

  private static void append(FieldPath path, StringBuilder text) {
    switch (path) {
      case Root _ -> {}
      case Name(FieldPath parent, String name) -> {
        append(parent, text);
        if (!text.isEmpty()) {
          text.append('.');
        }
        text.append(name);
      }
      case Index(FieldPath parent, int index) -> {
        append(parent, text);
        text.append('[').append(index).append(']');
      }
      case Key(FieldPath parent, String key) -> {
        append(parent, text);
        text.append('[').append(key).append(']');
      }
    }
  }
}
