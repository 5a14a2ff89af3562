package io.meltemi.controlplane.push;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Which resources a proxy means by the text of its refusal. Envoy lists clusters and listeners
 * ({@code Error adding/updating listener(s) NAME: why}, the next after a line break or a comma),
 * mentions a route by its name somewhere, and often names nothing. The text is a stranger's: it is
 * walked through once, whatever it says.
 */
final class RefusalText {
  /** Resources that are told apart in one refusal. */
  static final int NAMES_MAX = 32;

  private static final int ITEMS_MAX = 4_096;
  private static final int NAME_CHARS_MAX = 1_024;

  private RefusalText() {}

  /** Where an item of a list begins, and its explanation. */
  private record Item(int start, int text) {}

  private record Found(String name, Item item) {}

  /**
   * The resources meant, with what is said of each; all that were new when none is named.
   *
   * @param changed names of the resources that were new in the response
   * @param held whether the proxy was sent a resource, in this response or before: one that it
   *     refused before comes again with every response of state of the world
   */
  static Map<String, String> find(String text, Collection<String> changed, Predicate<String> held) {
    Map<String, String> listed = listed(text, held);
    if (!listed.isEmpty()) {
      return listed;
    }
    Set<String> words = words(text);
    Map<String, String> mentioned = new LinkedHashMap<>();
    Map<String, String> all = new LinkedHashMap<>();
    for (String name : changed) {
      if (words.contains(name)) {
        mentioned.put(name, text);
      }
      all.put(name, text);
    }
    return mentioned.isEmpty() ? all : mentioned;
  }

  private static Map<String, String> listed(String text, Predicate<String> held) {
    List<Found> found = new ArrayList<>();
    items(text)
        .forEach(
            (name, item) -> {
              if (held.test(name)) {
                found.add(new Found(name, item));
              }
            });
    found.sort(Comparator.comparingInt(one -> one.item().start()));
    Map<String, String> result = new LinkedHashMap<>();
    for (int i = 0; i < found.size(); i++) {
      int end = i + 1 < found.size() ? found.get(i + 1).item().start() : text.length();
      String why = text.substring(found.get(i).item().text(), end).strip();
      result.put(
          found.get(i).name(),
          i + 1 < found.size() && why.endsWith(",") ? why.substring(0, why.length() - 1) : why);
    }
    return result;
  }

  /** Whatever stands before a colon where an item may begin. */
  private static Map<String, Item> items(String text) {
    Map<String, Item> items = new HashMap<>();
    int start = 0;
    if (text.startsWith("Error adding/updating ")) {
      int list = text.indexOf("(s) ");
      start = list < 0 ? 0 : list + "(s) ".length();
    }
    for (int count = 0; count < ITEMS_MAX && start >= 0; count++) {
      int colon = text.indexOf(": ", start, Math.min(text.length(), start + NAME_CHARS_MAX));
      if (colon >= 0) {
        items.putIfAbsent(text.substring(start, colon), new Item(start, colon + 2));
      }
      start = next(text, start);
    }
    return items;
  }

  private static int next(String text, int from) {
    for (int i = from; i < text.length(); i++) {
      if (text.charAt(i) == '\n') {
        return i + 1;
      }
      if (text.startsWith(", ", i)) {
        return i + 2;
      }
    }
    return -1;
  }

  /**
   * The words of a text, without quotes and what ends a sentence. A bare number is a name only
   * where the word before says so.
   */
  private static Set<String> words(String text) {
    Set<String> words = new HashSet<>();
    String before = "";
    int start = -1;
    for (int i = 0; i <= text.length(); i++) {
      boolean gap = i == text.length() || Character.isWhitespace(text.charAt(i));
      if (gap && start >= 0) {
        String word = text.substring(start, i);
        String bare = bare(word);
        boolean quoted = word.charAt(0) == '\'' || word.charAt(0) == '"';
        if (quoted || before.equals("route") || !number(bare)) {
          words.add(bare);
        }
        before = bare.toLowerCase(Locale.ROOT);
        start = -1;
      } else if (!gap && start < 0) {
        start = i;
      }
    }
    return words;
  }

  private static String bare(String word) {
    int from = 0;
    int to = word.length();
    while (from < to && "'\"(".indexOf(word.charAt(from)) >= 0) {
      from++;
    }
    while (to > from && "'\").,:;".indexOf(word.charAt(to - 1)) >= 0) {
      to--;
    }
    return word.substring(from, to);
  }

  private static boolean number(String word) {
    return word.chars().allMatch(c -> c >= '0' && c <= '9');
  }
}
