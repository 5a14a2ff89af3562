package io.meltemi.it.traffic;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Compares values and answers with what a case writes; an empty reason says that all is well. */
final class Expectation {
  private static final Set<String> EACH =
      Set.of(
          "status", "body", "json", "header", "proto", "kind", "error", "lines", "ms", "tls",
          "bodyLen");
  private static final Set<String> ALL =
      Set.of("share", "tolerance", "by", "set", "statuses", "some", "distinct", "sum");

  private Expectation() {}

  static Map<String, Object> map(@Nullable Object value) {
    Map<String, Object> map = new LinkedHashMap<>();
    if (value instanceof Map<?, ?> written) {
      written.forEach((k, v) -> map.put(String.valueOf(k), Objects.requireNonNullElse(v, "")));
    }
    return map;
  }

  static List<Object> list(@Nullable Object value) {
    if (value instanceof List<?> list) {
      return new ArrayList<>(list);
    }
    return value == null ? List.of() : List.of(value);
  }

  /** Whether a value is as the matcher says. */
  static String why(@Nullable Object matcher, @Nullable Object value) {
    if (!(matcher instanceof Map<?, ?> terms)) {
      return same(matcher, value) ? "" : "is " + shown(value) + ", wanted " + shown(matcher);
    }
    for (Map.Entry<?, ?> term : terms.entrySet()) {
      Object wanted = term.getValue();
      String text = value == null ? "" : text(value);
      boolean holds =
          switch (String.valueOf(term.getKey())) {
            case "absent" -> (value == null) == Boolean.TRUE.equals(wanted);
            case "present" -> (value != null) == Boolean.TRUE.equals(wanted);
            case "re" -> value != null && found(wanted, text);
            case "notre" -> value == null || !found(wanted, text);
            case "not" -> !same(wanted, value);
            case "in" -> list(wanted).stream().anyMatch(each -> same(each, value));
            case "min" -> value != null && number(value) >= number(wanted);
            case "max" -> value != null && number(value) <= number(wanted);
            case "has" -> value != null && has(value, wanted);
            case "hasnot" -> value == null || !has(value, wanted);
            default -> throw new IllegalArgumentException("unknown matcher " + term.getKey());
          };
      if (!holds) {
        return "is " + shown(value) + ", wanted " + term.getKey() + " " + shown(wanted);
      }
    }
    return "";
  }

  private static boolean has(Object value, @Nullable Object wanted) {
    return value instanceof List<?> list
        ? list.stream().anyMatch(each -> same(wanted, each))
        : text(value).contains(String.valueOf(wanted));
  }

  private static String text(Object value) {
    return value instanceof Map<?, ?> || value instanceof List<?>
        ? Json.write(value)
        : value.toString();
  }

  private static boolean found(@Nullable Object pattern, String text) {
    return Pattern.compile(String.valueOf(pattern), Pattern.DOTALL).matcher(text).find();
  }

  private static double number(@Nullable Object value) {
    try {
      return Double.parseDouble(String.valueOf(value));
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  private static boolean same(@Nullable Object wanted, @Nullable Object value) {
    if (wanted instanceof List<?> list) {
      if (!(value instanceof List<?> values) || list.size() != values.size()) {
        return false;
      }
      for (int i = 0; i < list.size(); i++) {
        if (!why(list.get(i), values.get(i)).isEmpty()) {
          return false;
        }
      }
      return true;
    }
    if (wanted == null || value == null) {
      return wanted == null && value == null;
    }
    if (wanted instanceof Boolean) {
      return wanted.toString().equals(value.toString().toLowerCase(Locale.ROOT));
    }
    return wanted.toString().equals(value.toString())
        || (wanted instanceof Number && number(wanted) == number(value));
  }

  private static String shown(@Nullable Object value) {
    String text = value instanceof String s ? '"' + s + '"' : Json.write(value);
    return text.length() > 600 ? text.substring(0, 600) + "…" : text;
  }

  /** Whether one answer is as said. */
  private static String whyOne(Map<String, Object> wanted, Answer answer) {
    for (Map.Entry<String, Object> term : wanted.entrySet()) {
      Object x = term.getValue();
      String reason =
          switch (term.getKey()) {
            case "status" ->
                list(x).stream().anyMatch(each -> same(each, answer.status))
                    ? ""
                    : "is " + answer.status + ", wanted " + x;
            case "body" -> why(x instanceof Map ? x : Map.of("re", x), answer.body);
            case "json" -> whyFields(x, answer::json);
            case "header" ->
                whyFields(x, name -> answer.headers.get(name.toLowerCase(Locale.ROOT)));
            case "tls" -> whyFields(x, answer.tls::get);
            case "ms" -> why(x, answer.millis);
            case "proto" -> why(x, answer.proto);
            case "kind" ->
                list(x).contains(answer.kind) ? "" : "is " + answer.kind + ", wanted " + x;
            case "error" -> why(x instanceof Map ? x : Map.of("re", x), answer.error);
            case "bodyLen" -> why(x, answer.bodyBytes);
            case "lines" -> whyLines(list(x), answer.lines);
            default -> "";
          };
      if (!reason.isEmpty()) {
        return term.getKey() + " " + reason + " in " + answer;
      }
    }
    return "";
  }

  private interface Fields {
    @Nullable Object get(String name);
  }

  private static String whyFields(Object wanted, Fields fields) {
    for (Map.Entry<String, Object> field : map(wanted).entrySet()) {
      String reason = why(field.getValue(), fields.get(field.getKey()));
      if (!reason.isEmpty()) {
        return field.getKey() + " " + reason;
      }
    }
    return "";
  }

  private static String whyLines(List<Object> wanted, List<String> lines) {
    boolean all = wanted.size() == lines.size();
    for (int i = 0; all && i < lines.size(); i++) {
      all = found(wanted.get(i), lines.get(i));
    }
    return all ? "" : "are " + lines + ", wanted " + wanted;
  }

  /** Whether all answers are as said. */
  static String why(Object expected, List<Answer> answers) {
    Map<String, Object> wanted =
        expected instanceof Map ? map(expected) : new LinkedHashMap<>(Map.of("status", expected));
    for (String key : wanted.keySet()) {
      if (!EACH.contains(key) && !ALL.contains(key)) {
        throw new IllegalArgumentException("unknown expectation " + key);
      }
    }
    if (answers.isEmpty()) {
      return "no answers";
    }
    for (int i = 0; i < answers.size(); i++) {
      String reason = whyOne(wanted, answers.get(i));
      if (!reason.isEmpty()) {
        return reason + (answers.size() > 1 ? " (%d of %d)".formatted(i + 1, answers.size()) : "");
      }
    }
    Map<String, Integer> counts = new TreeMap<>();
    String by = String.valueOf(wanted.getOrDefault("by", "version"));
    answers.forEach(answer -> counts.merge(value(answer, by), 1, Integer::sum));
    for (Map.Entry<String, Object> term : wanted.entrySet()) {
      String reason =
          switch (term.getKey()) {
            case "share" ->
                whyShare(map(term.getValue()), counts, wanted.getOrDefault("tolerance", 10));
            case "set" -> {
              Set<String> names = new TreeSet<>();
              list(term.getValue()).forEach(name -> names.add(name.toString()));
              yield names.equals(counts.keySet()) ? "" : "is " + counts + ", wanted " + names;
            }
            case "distinct" -> {
              String why = why(term.getValue(), counts.size());
              yield why.isEmpty() ? "" : why + " (" + counts + ")";
            }
            case "statuses" -> whyStatuses(map(term.getValue()), answers);
            case "some" -> whySome(list(term.getValue()), answers);
            default -> "";
          };
      if (!reason.isEmpty()) {
        return term.getKey() + " " + reason;
      }
    }
    return "";
  }

  private static String whyShare(
      Map<String, Object> wanted, Map<String, Integer> counts, Object tolerance) {
    Set<String> names = new LinkedHashSet<>(wanted.keySet());
    names.addAll(counts.keySet());
    int total = counts.values().stream().mapToInt(Integer::intValue).sum();
    for (String name : names) {
      double share = number(wanted.getOrDefault(name, 0));
      double got = 100.0 * counts.getOrDefault(name, 0) / total;
      double slack = share == 0 || share == 100 ? 0 : number(tolerance);
      if (Math.abs(got - share) > slack) {
        return "of %s is %.1f %%, wanted %.0f %% (%s)".formatted(name, got, share, counts);
      }
    }
    return "";
  }

  private static String whyStatuses(Map<String, Object> wanted, List<Answer> answers) {
    Map<String, Integer> counts = new TreeMap<>();
    answers.forEach(answer -> counts.merge(String.valueOf(answer.status), 1, Integer::sum));
    for (Map.Entry<String, Object> status : wanted.entrySet()) {
      String reason = why(status.getValue(), counts.getOrDefault(status.getKey(), 0));
      if (!reason.isEmpty()) {
        return status.getKey() + " " + reason + " (" + counts + ")";
      }
    }
    return "";
  }

  private static String whySome(List<Object> wanted, List<Answer> answers) {
    for (Object some : wanted) {
      Map<String, Object> terms = map(some);
      long count = answers.stream().filter(answer -> whyOne(terms, answer).isEmpty()).count();
      double min = number(terms.getOrDefault("min", 1));
      double max = number(terms.getOrDefault("max", Integer.MAX_VALUE));
      if (count < min || count > max) {
        return "%d of %d fit %s".formatted(count, answers.size(), terms);
      }
    }
    return "";
  }

  private static String value(Answer answer, String by) {
    if (by.equals("status")) {
      return String.valueOf(answer.status);
    }
    if (by.startsWith("header:")) {
      return answer.headers.getOrDefault(by.substring(7), "-");
    }
    if (by.equals("line") || by.equals("lines0")) {
      List<String> lines = answer.lines;
      String line = lines.isEmpty() ? "" : by.equals("line") ? lines.getLast() : lines.getFirst();
      String[] words = line.split(" ", -1);
      return by.equals("line") ? words.length > 1 ? words[1] : "-" : words[0];
    }
    Object value = answer.json(by);
    return value == null ? "-" : value.toString();
  }
}
