package io.meltemi.config.yaml;

import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.common.validation.Violation;
import io.meltemi.config.yaml.YamlNode.YamlField;
import io.meltemi.config.yaml.YamlNode.YamlList;
import io.meltemi.config.yaml.YamlNode.YamlMap;
import io.meltemi.config.yaml.YamlNode.YamlScalar;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Typed access to the fields of one object. Nothing here throws for bad input: an error is
 * collected with its place, and the caller gets the value that an unset field has.
 *
 * <p>Fields are asked for by their lower-camel-case name; the proto's own snake-case spelling is
 * accepted too, null counts as unset. Which fields were asked for is what is known of the object:
 * {@link #close} warns of all others, so a parser must ask for every field whatever the others say.
 */
public final class ObjectReader {
  private final YamlMap map;
  private final FieldPath path;
  private final Validation.Collector problems;
  private final Fidelity fidelity;
  private final Map<String, YamlField> fields;
  private final Set<String> known = new LinkedHashSet<>();

  /** What is thought of names that a parser does not ask for. */
  private enum Fidelity {
    /** Both spellings of proto JSON; unknown fields are told. */
    PROTO,
    /** One spelling; unknown fields are told. */
    EXACT,
    /** One spelling; unknown fields are passed over. */
    LENIENT
  }

  private ObjectReader(
      YamlMap map, FieldPath path, Validation.Collector problems, Fidelity fidelity) {
    this.map = map;
    this.path = path;
    this.problems = problems;
    this.fidelity = fidelity;
    this.fields = fidelity == Fidelity.PROTO ? unified(map, path, problems) : map.fields();
  }

  /** The fields by camel-case name, so that each can be found in either spelling. */
  private static Map<String, YamlField> unified(
      YamlMap map, FieldPath path, Validation.Collector problems) {
    if (map.fields().keySet().stream().allMatch(name -> name.indexOf('_') < 0)) {
      return map.fields();
    }
    Map<String, YamlField> fields = new LinkedHashMap<>();
    for (Map.Entry<String, YamlField> entry : map.fields().entrySet()) {
      String name = FieldNames.toCamelCase(entry.getKey());
      YamlField earlier = fields.putIfAbsent(name, entry.getValue());
      if (earlier != null) {
        problems.error(
            entry.getValue().key(),
            new FieldPath.Name(path, name).text(),
            "the field under two spellings",
            "one of them; the first is on line " + earlier.key().line());
      }
    }
    return fields;
  }

  /** A reader of a whole document. */
  public static ObjectReader of(YamlMap document, Validation.Collector problems) {
    return new ObjectReader(document, new FieldPath.Root(), problems, Fidelity.PROTO);
  }

  /** A reader of a whole document whose names have one spelling, as in Kubernetes' own kinds. */
  public static ObjectReader exact(YamlMap document, Validation.Collector problems) {
    return new ObjectReader(document, new FieldPath.Root(), problems, Fidelity.EXACT);
  }

  /**
   * A reader of a whole document of which only some fields matter: others are passed over in
   * silence, and names have one spelling.
   */
  public static ObjectReader lenient(YamlMap document, Validation.Collector problems) {
    return new ObjectReader(document, new FieldPath.Root(), problems, Fidelity.LENIENT);
  }

  /** Where the object begins. */
  public Origin origin() {
    return map.origin();
  }

  /** Where the value of a field stands, or the object itself when the field is not set. */
  public Origin origin(String field) {
    YamlField found = fields.get(field);
    return found == null ? map.origin() : found.value().origin();
  }

  /** The full path of a field, or of this object for an empty name. */
  public String path(String field) {
    return field.isEmpty() ? path.text() : new FieldPath.Name(path, field).text();
  }

  /** True when the field is there and not null. */
  public boolean has(String field) {
    return value(field) != null;
  }

  /** The value as written, for a message; empty when not set. */
  public String written(String field) {
    YamlNode node = value(field);
    return node == null ? "" : node.describe();
  }

  /** The value itself. */
  public Optional<YamlNode> node(String field) {
    return Optional.ofNullable(value(field));
  }

  /** Collects an error about a field; an empty name is the object itself. */
  public void error(String field, String found, String expected) {
    problems.error(field.isEmpty() ? origin() : origin(field), path(field), found, expected);
  }

  /** Collects an error about one element of a list field. */
  public void error(String field, int index, String found, String expected) {
    problems.error(elementOrigin(field, index), elementPath(field, index), found, expected);
  }

  /** Collects a warning about a field; an empty name is the object itself. */
  public void warn(String field, String found, String expected) {
    problems.warn(field.isEmpty() ? origin() : origin(field), path(field), found, expected);
  }

  /** Collects a warning about one element of a list field. */
  public void warn(String field, int index, String found, String expected) {
    problems.warn(elementOrigin(field, index), elementPath(field, index), found, expected);
  }

  private String elementPath(String field, int index) {
    return new FieldPath.Index(new FieldPath.Name(path, field), index).text();
  }

  private Origin elementOrigin(String field, int index) {
    return value(field) instanceof YamlList list && index < list.items().size()
        ? list.items().get(index).origin()
        : origin(field);
  }

  /** Collects an error when the field is not set; false then. */
  public boolean require(String field, String expected) {
    if (has(field)) {
      return true;
    }
    problems.error(origin(), path(field), "nothing", expected);
    return false;
  }

  /** The text of a field; empty when not set. */
  public String string(String field) {
    return optionalString(field).orElse("");
  }

  /** The text of a field. */
  public Optional<String> optionalString(String field) {
    YamlNode node = value(field);
    return node == null ? Optional.empty() : text(node, () -> path(field));
  }

  /** The text of a field that may also hold a whole number, as Kubernetes' IntOrString does. */
  public String stringOrInteger(String field) {
    YamlNode node = value(field);
    if (node instanceof YamlScalar scalar && scalar.type() == ScalarType.INTEGER) {
      return scalar.text();
    }
    return string(field);
  }

  /** The elements of a list of texts; those that are none are left out with an error. */
  public List<String> strings(String field) {
    List<String> texts = new ArrayList<>();
    forEach(field, (node, where) -> text(node, where::text).ifPresent(texts::add));
    return texts;
  }

  /** The entries of a map of texts; those that are none are left out with an error. */
  public Map<String, String> stringMap(String field) {
    Map<String, String> texts = new LinkedHashMap<>();
    forEachEntry(
        field,
        (key, entry, where) -> {
          if (entry.value().isNull()) {
            texts.put(key, "");
          } else {
            text(entry.value(), where::text).ifPresent(text -> texts.put(key, text));
          }
        });
    return texts;
  }

  /** The flag, or false when not set. */
  public boolean bool(String field) {
    return optionalBool(field).orElse(false);
  }

  /** The flag. */
  public Optional<Boolean> optionalBool(String field) {
    YamlNode node = value(field);
    if (node == null) {
      return Optional.empty();
    }
    if (node instanceof YamlScalar(Origin _, String text, ScalarType type)
        && type == ScalarType.BOOLEAN) {
      return switch (text.toLowerCase(Locale.ROOT)) {
        case "true", "yes", "on" -> Optional.of(true);
        default -> Optional.of(false);
      };
    }
    problems.error(node.origin(), path(field), node.describe(), "true or false");
    return Optional.empty();
  }

  /** A whole number within bounds, also written as text. */
  public OptionalInt integer(String field, int min, int max) {
    OptionalLong number = longInteger(field, min, max);
    return number.isPresent() ? OptionalInt.of((int) number.getAsLong()) : OptionalInt.empty();
  }

  /** A whole number from 0 to 2^31-1; negative ones are an error. */
  public OptionalInt count(String field) {
    return integer(field, 0, Integer.MAX_VALUE);
  }

  /** A whole number from 0 to 2^32-1. */
  public OptionalLong unsigned(String field) {
    return longInteger(field, 0, 0xFFFF_FFFFL);
  }

  /** A whole number within bounds, also written as text. */
  public OptionalLong longInteger(String field, long min, long max) {
    YamlNode node = value(field);
    return node == null ? OptionalLong.empty() : integer(node, () -> path(field), min, max);
  }

  /** A list of whole numbers within bounds. */
  public List<Integer> integers(String field, int min, int max) {
    List<Integer> numbers = new ArrayList<>();
    forEach(
        field,
        (node, where) ->
            integer(node, where::text, min, max).ifPresent(value -> numbers.add((int) value)));
    return numbers;
  }

  /** A map to whole numbers within bounds. */
  public Map<String, Integer> integerMap(String field, int min, int max) {
    Map<String, Integer> numbers = new LinkedHashMap<>();
    forEachEntry(
        field,
        (key, entry, where) ->
            integer(entry.value(), where::text, min, max)
                .ifPresent(value -> numbers.put(key, (int) value)));
    return numbers;
  }

  /** A number within bounds. */
  public Optional<Double> number(String field, double min, double max) {
    YamlNode node = value(field);
    if (node == null) {
      return Optional.empty();
    }
    if (node instanceof YamlScalar(Origin _, String text, ScalarType _)) {
      try {
        double number = Double.parseDouble(text.replace("_", ""));
        if (number >= min && number <= max) {
          return Optional.of(number);
        }
      } catch (NumberFormatException _) {
        // told below
      }
    }
    problems.error(
        node.origin(), path(field), node.describe(), "a number" + range(plain(min), plain(max)));
    return Optional.empty();
  }

  /** A duration of at least 0. */
  public Optional<Duration> duration(String field) {
    return duration(field, Duration.ZERO);
  }

  /** A duration that is not shorter than the bound, such as {@code 1.5s}. */
  public Optional<Duration> duration(String field, Duration min) {
    YamlNode node = value(field);
    if (node == null) {
      return Optional.empty();
    }
    if (node instanceof YamlScalar(Origin _, String text, ScalarType type)
        && type == ScalarType.STRING) {
      Optional<Duration> duration = Durations.parse(text);
      if (duration.isPresent()) {
        if (duration.get().compareTo(min) >= 0) {
          return duration;
        }
        problems.error(
            node.origin(),
            path(field),
            node.describe(),
            "a duration of at least " + (min.isZero() ? "0s" : min.toMillis() + "ms"));
        return Optional.empty();
      }
    }
    problems.error(
        node.origin(), path(field), node.describe(), "a duration such as 5s, 100ms or 1h30m");
    return Optional.empty();
  }

  /** A duration of at least one millisecond and of whole milliseconds, as Istio asks for. */
  public Optional<Duration> durationMillis(String field) {
    Optional<Duration> duration = duration(field, Duration.ofMillis(1));
    if (duration.isPresent() && duration.get().toNanos() % 1_000_000 != 0) {
      error(field, written(field), "a duration of whole milliseconds");
      return Optional.empty();
    }
    return duration;
  }

  /** An enum by name in any case of proto JSON, or by its number, which is the ordinal here. */
  public <E extends Enum<E>> Optional<E> enumeration(String field, Class<E> type) {
    YamlNode node = value(field);
    if (node == null) {
      return Optional.empty();
    }
    E[] constants = type.getEnumConstants();
    if (node instanceof YamlScalar(Origin _, String text, ScalarType _)) {
      for (E constant : constants) {
        if (constant.name().equals(text) || Integer.toString(constant.ordinal()).equals(text)) {
          return Optional.of(constant);
        }
      }
    }
    problems.error(
        node.origin(),
        path(field),
        node.describe(),
        Arrays.stream(constants).map(Enum::name).collect(Collectors.joining(", ", "one of ", "")));
    return Optional.empty();
  }

  /** An object. */
  public <T> Optional<T> object(String field, Function<ObjectReader, T> parser) {
    YamlNode node = value(field);
    if (node == null) {
      return Optional.empty();
    }
    if (node instanceof YamlMap object) {
      return Optional.of(parse(object, new FieldPath.Name(path, field), parser));
    }
    problems.error(node.origin(), path(field), node.describe(), "an object");
    return Optional.empty();
  }

  /** A list of objects; a null element is an error. */
  public <T> List<T> objects(String field, Function<ObjectReader, T> parser) {
    List<T> values = new ArrayList<>();
    forEach(
        field,
        (node, where) -> {
          if (node instanceof YamlMap object) {
            values.add(parse(object, where, parser));
          } else {
            problems.error(node.origin(), where.text(), node.describe(), "an object");
          }
        });
    return values;
  }

  /** A map with free keys to objects; null is read as an empty object. */
  public <T> Map<String, T> objectMap(String field, Function<ObjectReader, T> parser) {
    Map<String, T> values = new LinkedHashMap<>();
    forEachEntry(
        field,
        (key, entry, where) -> {
          if (entry.value() instanceof YamlMap object) {
            values.put(key, parse(object, where, parser));
          } else if (entry.value().isNull()) {
            values.put(key, parse(new YamlMap(entry.key(), Map.of()), where, parser));
          } else {
            problems.error(
                entry.value().origin(), where.text(), entry.value().describe(), "an object");
          }
        });
    return values;
  }

  /** The number of elements of a list as written, good and bad. */
  public int size(String field) {
    return value(field) instanceof YamlList list ? list.items().size() : 0;
  }

  /** Takes over what was found inside the text of a field, its paths put under the field's. */
  public void absorb(String field, Validation<?> inside) {
    for (Violation error : inside.errors()) {
      problems.error(error.origin(), under(field, error), error.found(), error.expected());
    }
    for (Violation warning : inside.warnings()) {
      problems.warn(warning.origin(), under(field, warning), warning.found(), warning.expected());
    }
  }

  private String under(String field, Violation violation) {
    return violation.path().isEmpty() ? path(field) : path(field) + "." + violation.path();
  }

  /**
   * True when a list is not set or has no elements; what is no list at all is an error elsewhere.
   */
  public boolean isEmpty(String field) {
    YamlNode node = value(field);
    return node == null || (node instanceof YamlList list && list.items().isEmpty());
  }

  /** Accepts fields without reading them. */
  public void ignore(String... names) {
    known.addAll(Arrays.asList(names));
  }

  /** Warns of fields that were never asked for; called once, after the last read. */
  public void close() {
    if (fidelity == Fidelity.LENIENT) {
      return;
    }
    for (Map.Entry<String, YamlField> entry : fields.entrySet()) {
      if (known.contains(entry.getKey())) {
        continue;
      }
      String expected =
          FieldNames.nearest(entry.getKey(), known)
              .map(name -> "perhaps " + name + "; the field is ignored")
              .orElse("a field of this object; the field is ignored");
      problems.warn(
          entry.getValue().key(),
          new FieldPath.Name(path, entry.getKey()).text(),
          "unknown field \"" + entry.getKey() + "\"",
          expected);
    }
  }

  private <T> T parse(YamlMap object, FieldPath where, Function<ObjectReader, T> parser) {
    ObjectReader reader = new ObjectReader(object, where, problems, fidelity);
    T value = parser.apply(reader);
    reader.close();
    return value;
  }

  private @Nullable YamlNode value(String field) {
    known.add(field);
    YamlField found = fields.get(field);
    return found == null || found.value().isNull() ? null : found.value();
  }

  private interface ElementVisitor {
    void visit(YamlNode node, FieldPath where);
  }

  private interface EntryVisitor {
    void visit(String key, YamlField entry, FieldPath where);
  }

  private interface Where {
    String text();
  }

  private void forEach(String field, ElementVisitor visitor) {
    switch (value(field)) {
      case null -> {}
      case YamlList list -> {
        FieldPath.Name name = new FieldPath.Name(path, field);
        for (int i = 0; i < list.items().size(); i++) {
          visitor.visit(list.items().get(i), new FieldPath.Index(name, i));
        }
      }
      case YamlNode other ->
          problems.error(other.origin(), path(field), other.describe(), "a list");
    }
  }

  private void forEachEntry(String field, EntryVisitor visitor) {
    switch (value(field)) {
      case null -> {}
      case YamlMap object -> {
        FieldPath.Name name = new FieldPath.Name(path, field);
        object
            .fields()
            .forEach((key, entry) -> visitor.visit(key, entry, new FieldPath.Key(name, key)));
      }
      case YamlNode other ->
          problems.error(other.origin(), path(field), other.describe(), "an object");
    }
  }

  private Optional<String> text(YamlNode node, Where where) {
    if (node instanceof YamlScalar(Origin _, String text, ScalarType type)) {
      if (type == ScalarType.STRING) {
        return Optional.of(text);
      }
      problems.error(
          node.origin(),
          where.text(),
          node.describe(),
          type == ScalarType.NULL ? "a string" : "a string; write \"" + text + "\" with quotes");
    } else {
      problems.error(node.origin(), where.text(), node.describe(), "a string");
    }
    return Optional.empty();
  }

  private OptionalLong integer(YamlNode node, Where where, long min, long max) {
    if (node instanceof YamlScalar(Origin _, String text, ScalarType _)) {
      Optional<BigInteger> number = wholeNumber(text);
      if (number.isPresent()
          && number.get().compareTo(BigInteger.valueOf(min)) >= 0
          && number.get().compareTo(BigInteger.valueOf(max)) <= 0) {
        return OptionalLong.of(number.get().longValue());
      }
    }
    problems.error(
        node.origin(),
        where.text(),
        node.describe(),
        "a whole number" + range(Long.toString(min), Long.toString(max)));
    return OptionalLong.empty();
  }

  private static String range(String min, String max) {
    return " from " + min + " to " + max;
  }

  private static String plain(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? Long.toString((long) value)
        : Double.toString(value);
  }

  private static Optional<BigInteger> wholeNumber(String text) {
    if (text.length() > 40) {
      return Optional.empty();
    }
    String digits = text.replace("_", "");
    try {
      if (digits.startsWith("0x")) {
        return Optional.of(new BigInteger(digits.substring(2), 16));
      }
      BigDecimal number = new BigDecimal(digits);
      return Math.abs((long) number.scale()) > 40
          ? Optional.empty()
          : Optional.of(number.toBigIntegerExact());
    } catch (NumberFormatException | ArithmeticException _) {
      return Optional.empty();
    }
  }
}
