package io.meltemi.config.kind.gatewayapi;

import io.meltemi.config.resource.Names;
import io.meltemi.config.yaml.ObjectReader;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Pattern;

/** The syntax that the CRDs ask of single fields. */
final class Fields {
  private static final Pattern KIND = Pattern.compile("[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?");
  private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9!#$%&'*+\\-.^_`|~]+");
  private static final Pattern DURATION = Pattern.compile("([0-9]{1,5}(h|m|s|ms)){1,4}");

  private Fields() {}

  /** A text whose length is within bounds; {@code min} of 1 or more refuses an empty one. */
  static Optional<String> text(ObjectReader reader, String field, int min, int max) {
    Optional<String> text = reader.optionalString(field);
    if (text.isPresent() && (text.get().length() < min || text.get().length() > max)) {
      reader.error(
          field,
          text.get().isEmpty() ? "\"\"" : text.get().length() + " characters",
          min + " to " + max + " characters");
    }
    return text;
  }

  /** A text of the given form. */
  static Optional<String> text(
      ObjectReader reader, String field, int max, Pattern pattern, String expected) {
    Optional<String> text = text(reader, field, 1, max);
    if (text.isPresent() && !text.get().isEmpty() && !pattern.matcher(text.get()).matches()) {
      reader.error(field, '"' + text.get() + '"', expected);
    }
    return text;
  }

  /** An API group; empty is the core group. */
  static Optional<String> group(ObjectReader reader, String field) {
    Optional<String> group = reader.optionalString(field);
    if (group.isPresent() && !group.get().isEmpty() && !Names.isDnsSubdomain(group.get())) {
      reader.error(field, '"' + group.get() + '"', "an API group, or an empty text for the core");
    }
    return group;
  }

  /** A kind. */
  static Optional<String> kind(ObjectReader reader, String field) {
    return text(reader, field, 63, KIND, "a kind such as Service");
  }

  /** The name of an object; required. */
  static String objectName(ObjectReader reader) {
    require(reader, "name", "the name of an object");
    return text(reader, "name", 1, 253).orElse("");
  }

  /** A namespace. */
  static Optional<String> namespace(ObjectReader reader) {
    Optional<String> namespace = reader.optionalString("namespace");
    if (namespace.isPresent() && !Names.isDnsLabel(namespace.get())) {
      reader.error("namespace", '"' + namespace.get() + '"', "the name of a namespace");
    }
    return namespace;
  }

  /** The name of a listener, a rule or a port. */
  static Optional<String> sectionName(ObjectReader reader, String field) {
    Optional<String> name = reader.optionalString(field);
    if (name.isPresent() && !Names.isDnsSubdomain(name.get())) {
      reader.error(
          field, '"' + name.get() + '"', "lower-case letters, digits, '-' and '.', at most 253");
    }
    return name;
  }

  /** A port. */
  static OptionalInt port(ObjectReader reader, String field) {
    return reader.integer(field, 1, 65535);
  }

  /** A host name in lower case. */
  static Optional<String> hostname(ObjectReader reader, String field, boolean wildcardAllowed) {
    Optional<String> host = reader.optionalString(field);
    if (host.isPresent() && !isHostname(host.get(), wildcardAllowed)) {
      reader.error(field, '"' + host.get() + '"', hostnameExpected(wildcardAllowed));
    }
    return host;
  }

  /** Host names in lower case, with {@code *.} in front allowed. */
  static List<String> hostnames(ObjectReader reader, String field, int max) {
    List<String> hosts = reader.strings(field);
    size(reader, field, 0, max);
    for (int i = 0; i < hosts.size(); i++) {
      if (!isHostname(hosts.get(i), true)) {
        reader.error(field, i, '"' + hosts.get(i) + '"', hostnameExpected(true));
      }
    }
    return hosts;
  }

  private static String hostnameExpected(boolean wildcardAllowed) {
    return "a host name in lower case, at most 253 characters"
        + (wildcardAllowed ? ", '*.' in front allowed" : ", no wildcard");
  }

  static boolean isHostname(String text, boolean wildcardAllowed) {
    String name = wildcardAllowed && text.startsWith("*.") ? text.substring(2) : text;
    return text.length() <= 253 && isDotted(name);
  }

  /** Labels without the limit of 63 characters, which the CRDs do not check. */
  private static boolean isDotted(String text) {
    if (text.isEmpty()) {
      return false;
    }
    boolean start = true;
    char previous = '.';
    for (int i = 0; i <= text.length(); i++) {
      char c = i == text.length() ? '.' : text.charAt(i);
      boolean word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      if (c == '.') {
        if (start || previous == '-') {
          return false;
        }
        start = true;
      } else if (word || (c == '-' && !start)) {
        start = false;
      } else {
        return false;
      }
      previous = c;
    }
    return true;
  }

  /** The name of a header, a cookie or a query parameter (RFC 9110 token). */
  static Optional<String> token(ObjectReader reader, String field) {
    return text(reader, field, 256, TOKEN, "letters, digits and !#$%&'*+-.^_`|~");
  }

  /** The header names of a list, each once. */
  static List<String> tokens(ObjectReader reader, String field, int max) {
    List<String> tokens = reader.strings(field);
    size(reader, field, 0, max);
    for (int i = 0; i < tokens.size(); i++) {
      if (tokens.get(i).length() > 256 || !TOKEN.matcher(tokens.get(i)).matches()) {
        reader.error(field, i, '"' + tokens.get(i) + '"', "letters, digits and !#$%&'*+-.^_`|~");
      }
    }
    each(reader, field, tokens);
    return tokens;
  }

  /**
   * The value of a header to match or set: printable characters, single blanks between them.
   * Written out, since an expression for it would backtrack.
   */
  static String headerValue(ObjectReader reader) {
    require(reader, "value", "a text");
    Optional<String> value = text(reader, "value", 1, 4096);
    if (value.isPresent() && !value.get().isEmpty() && !isHeaderValue(value.get())) {
      reader.error(
          "value",
          '"' + value.get() + '"',
          "printable ASCII with single blanks inside, none at the ends");
    }
    return value.orElse("");
  }

  private static boolean isHeaderValue(String text) {
    boolean blankBefore = true;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean blank = c == ' ' || c == '\t';
      if (blank ? blankBefore : c < '!' || c > '~') {
        return false;
      }
      blankBefore = blank;
    }
    return !blankBefore;
  }

  /** A duration as Go writes it, of at most four parts of at most five digits. */
  static Optional<Duration> duration(ObjectReader reader, String field) {
    Optional<String> text = reader.optionalString(field);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    if (!DURATION.matcher(text.get()).matches()) {
      reader.error(field, '"' + text.get() + '"', "a duration such as 10s, 500ms or 1h30m");
      return Optional.empty();
    }
    return reader.duration(field);
  }

  /** Checks the number of elements of a list that is set. */
  static void size(ObjectReader reader, String field, int min, int max) {
    int size = reader.size(field);
    if (reader.has(field) && (size < min || size > max)) {
      reader.error(
          field,
          size + (size == 1 ? " element" : " elements"),
          min == 0 ? "at most " + max : min + " to " + max);
    }
  }

  /** Checks the number of entries of a map. */
  static void entries(ObjectReader reader, String field, Map<String, String> map, int max) {
    if (map.size() > max) {
      reader.error(field, map.size() + " entries", "at most " + max);
    }
    map.forEach(
        (key, value) -> {
          if (value.length() > 4096) {
            reader.error(field, key + " of " + value.length() + " characters", "at most 4096");
          }
        });
  }

  /** Each element of a list once. */
  static void each(ObjectReader reader, String field, List<?> values) {
    Set<Object> seen = new HashSet<>();
    for (int i = 0; i < values.size(); i++) {
      if (!seen.add(values.get(i))) {
        reader.error(field, i, "\"" + values.get(i) + "\" again", "each value once");
      }
    }
  }

  /** An error when a field is not there at all; an empty text is told of elsewhere. */
  static void require(ObjectReader reader, String field, String expected) {
    if (!reader.has(field)) {
      reader.error(field, "nothing", expected);
    }
  }

  /** One of some words. */
  static Optional<String> word(ObjectReader reader, String field, List<String> words) {
    Optional<String> text = reader.optionalString(field);
    if (text.isPresent() && !words.contains(text.get())) {
      reader.error(field, '"' + text.get() + '"', "one of " + String.join(", ", words));
      return Optional.empty();
    }
    return text;
  }

  /** A reference whose group and kind must be written. */
  static ObjectRef explicitRef(ObjectReader reader) {
    require(reader, "group", "an API group, \"\" for the core");
    require(reader, "kind", "a kind");
    return new ObjectRef(
        group(reader, "group").orElse(""),
        kind(reader, "kind").orElse(""),
        objectName(reader),
        Optional.empty());
  }

  /** A reference whose group and kind must be written, perhaps into another namespace. */
  static ObjectRef explicitRefAnywhere(ObjectReader reader) {
    ObjectRef ref = explicitRef(reader);
    return new ObjectRef(ref.group(), ref.kind(), ref.name(), namespace(reader));
  }

  /** A reference to a Secret unless group or kind say otherwise. */
  static ObjectRef secretRef(ObjectReader reader) {
    return new ObjectRef(
        group(reader, "group").orElse(""),
        kind(reader, "kind").orElse("Secret"),
        objectName(reader),
        namespace(reader));
  }

  /** A place for an element that could not be read. */
  static ObjectRef nothing() {
    return new ObjectRef("", "", "", Optional.empty());
  }
}
