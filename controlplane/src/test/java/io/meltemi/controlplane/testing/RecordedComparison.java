package io.meltemi.controlplane.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * Compares all recorded cases with our own translation and holds the result against a list of the
 * cases that agree. The list may only grow: a listed case that differs fails; {@code
 * -Dgolden.update} writes the list anew.
 */
public final class RecordedComparison {
  private static final Path LISTS = Path.of("src/test/resources/recorded");
  private static final int DIFFERENCES_SHOWN_MAX = 3;

  private RecordedComparison() {}

  /** Tells in what a proxy's translation differs. */
  @FunctionalInterface
  public interface Differences {
    /** One line per difference; empty when they agree. */
    List<String> of(RecordedCase recorded, RecordedCase.Proxy proxy);
  }

  /**
   * Compares everything, prints how many cases of each group agree, and checks the list.
   *
   * @param list name of the list, such as {@code clusters}
   */
  public static void run(String list, Differences differences) {
    Map<String, Count> counts = new TreeMap<>();
    Set<String> agreeing = new TreeSet<>();
    Map<String, List<String>> differing = new TreeMap<>();
    for (RecordedCase recorded : RecordedCase.all()) {
      for (RecordedCase.Proxy proxy : recorded.proxies()) {
        String name = recorded.name() + "/" + proxy.name();
        List<String> found = differences.of(recorded, proxy);
        Count count = counts.computeIfAbsent(recorded.group(), _ -> new Count());
        count.all++;
        if (found.isEmpty()) {
          count.agreeing++;
          agreeing.add(name);
        } else {
          differing.put(name, found);
        }
      }
    }
    print(list, counts, differing);
    check(list, agreeing, differing);
  }

  private static final class Count {
    int agreeing;
    int all;
  }

  private static void print(
      String list, Map<String, Count> counts, Map<String, List<String>> differing) {
    System.out.println("recorded " + list + " that agree:");
    counts.forEach(
        (group, count) ->
            System.out.println("  " + group + ": " + count.agreeing + " of " + count.all));
    differing.forEach(
        (name, found) -> {
          System.out.println("  differs: " + name);
          found.stream()
              .map(line -> line.length() > 600 ? line.substring(0, 600) + "…" : line)
              .limit(
                  Boolean.getBoolean("recorded.verbose") ? Long.MAX_VALUE : DIFFERENCES_SHOWN_MAX)
              .forEach(difference -> System.out.println("    " + difference));
        });
  }

  private static void check(
      String list, Set<String> agreeing, Map<String, List<String>> differing) {
    Path file = LISTS.resolve(list + ".txt");
    try {
      if (System.getProperty("golden.update") != null) {
        Files.createDirectories(LISTS);
        Files.write(file, agreeing);
      }
      Map<String, List<String>> lost = new TreeMap<>();
      for (String name : Files.readAllLines(file)) {
        if (!agreeing.contains(name)) {
          lost.put(name, differing.getOrDefault(name, List.of("the case is gone")));
        }
      }
      assertEquals(Map.of(), lost, "cases that agreed and no longer do");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Compares two sets of named resources by their parts.
   *
   * @param parts by name of the part: what of a resource must be equal
   */
  public static List<String> compare(
      Map<String, Struct> expected,
      Map<String, Struct> actual,
      Map<String, Function<Struct, Value>> parts) {
    List<String> differences = new ArrayList<>();
    Set<String> missing = new TreeSet<>(expected.keySet());
    missing.removeAll(actual.keySet());
    missing.forEach(name -> differences.add("missing: " + name));
    Set<String> surplus = new TreeSet<>(actual.keySet());
    surplus.removeAll(expected.keySet());
    surplus.forEach(name -> differences.add("surplus: " + name));
    expected.forEach(
        (name, recorded) -> {
          Struct ours = actual.get(name);
          if (ours != null) {
            parts.forEach(
                (part, of) -> {
                  if (!of.apply(recorded).equals(of.apply(ours))) {
                    differences.add(
                        "%s: %s: recorded %s, ours %s"
                            .formatted(name, part, text(of.apply(recorded)), text(of.apply(ours))));
                  }
                });
          }
        });
    return differences;
  }

  private static String text(Value value) {
    try {
      return com.google.protobuf.util.JsonFormat.printer()
          .omittingInsignificantWhitespace()
          .print(value);
    } catch (com.google.protobuf.InvalidProtocolBufferException _) {
      return value.getKindCase() == Value.KindCase.KIND_NOT_SET ? "nothing" : value.toString();
    }
  }

  /** A field of a resource, the empty value when it is not set. */
  public static Value field(Struct struct, String... path) {
    Value value = Value.newBuilder().setStructValue(struct).build();
    for (String name : path) {
      value = value.getStructValue().getFieldsOrDefault(name, Value.getDefaultInstance());
    }
    return value;
  }

  /** The value without the named fields, at any depth. */
  public static Value without(Value value, Set<String> names) {
    return switch (value.getKindCase()) {
      case STRUCT_VALUE -> {
        Struct.Builder kept = Struct.newBuilder();
        value
            .getStructValue()
            .getFieldsMap()
            .forEach(
                (name, inner) -> {
                  if (!names.contains(name)) {
                    kept.putFields(name, without(inner, names));
                  }
                });
        yield Value.newBuilder().setStructValue(kept).build();
      }
      case LIST_VALUE -> {
        var kept = com.google.protobuf.ListValue.newBuilder();
        value
            .getListValue()
            .getValuesList()
            .forEach(inner -> kept.addValues(without(inner, names)));
        yield Value.newBuilder().setListValue(kept).build();
      }
      case NULL_VALUE, NUMBER_VALUE, STRING_VALUE, BOOL_VALUE, KIND_NOT_SET -> value;
    };
  }
}
