package io.meltemi.proxy.route;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.matcher.StringMatcher;
import io.meltemi.proxy.telemetry.FormatOutput;
import io.meltemi.proxy.telemetry.Formatter;
import io.meltemi.proxy.telemetry.StreamInfo;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Changes to the headers of a request or a response, level by level; within a level removals come
 * before replacements and those before additions, as in Envoy. Allocates nothing on its own. See
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#custom-request-response-headers
 *
 * @param levels in the order in which they apply
 */
public record HeaderMutations(List<Level> levels) {
  public static final HeaderMutations NONE = new HeaderMutations(List.of());

  /**
   * The changes of one place: weighted cluster, route, virtual host or table.
   *
   * @param removedNames headers whose names match are removed; pseudo headers stay
   */
  public record Level(
      List<HeaderName> removals, List<StringMatcher> removedNames, List<Setting> settings) {
    public static final Level EMPTY = new Level(List.of(), List.of());

    /** At most so many settings when one of them is conditional. */
    static final int CONDITIONAL_MAX = Long.SIZE;

    public Level {
      removals = List.copyOf(removals);
      removedNames = List.copyOf(removedNames);
      settings = List.copyOf(settings);
      if (settings.size() > CONDITIONAL_MAX && settings.stream().anyMatch(Setting::isConditional)) {
        throw new IllegalArgumentException(
            settings.size()
                + " settings, some conditional (expected: at most "
                + CONDITIONAL_MAX
                + ")");
      }
    }

    public Level(List<HeaderName> removals, List<Setting> settings) {
      this(removals, List.of(), settings);
    }

    public boolean isEmpty() {
      return removals.isEmpty() && removedNames.isEmpty() && settings.isEmpty();
    }
  }

  /**
   * One header to add or replace.
   *
   * @param keepEmpty whether an empty value is written all the same
   */
  public record Setting(HeaderName name, Value value, Action action, boolean keepEmpty) {
    boolean isConditional() {
      return action.conditional;
    }
  }

  /** What a header is set to. */
  public sealed interface Value {
    /** A text without substitutions. */
    record Literal(HeaderText text) implements Value {}

    /**
     * A text made anew for each stream.
     *
     * @param source what it was compiled from
     */
    record Formatted(Formatter format, String source) implements Value {}
  }

  /** The bytes of a literal value, made once. */
  public static final class HeaderText {
    private final String text;
    private final byte[] bytes;

    public HeaderText(String text) {
      this.text = text;
      this.bytes = text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof HeaderText that && text.equals(that.text);
    }

    @Override
    public int hashCode() {
      return text.hashCode();
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /** Envoy's {@code HeaderAppendAction}. */
  public enum Action {
    APPEND_IF_EXISTS_OR_ADD(false),
    ADD_IF_ABSENT(true),
    OVERWRITE_IF_EXISTS_OR_ADD(false),
    OVERWRITE_IF_EXISTS(true);

    private final boolean conditional;

    Action(boolean conditional) {
      this.conditional = conditional;
    }
  }

  public HeaderMutations {
    levels = List.copyOf(levels);
  }

  /** The non-empty ones of these levels, in order. */
  public static HeaderMutations of(List<Level> levels) {
    List<Level> filled = new ArrayList<>(levels);
    filled.removeIf(Level::isEmpty);
    return filled.isEmpty() ? NONE : new HeaderMutations(filled);
  }

  public boolean isEmpty() {
    return levels.isEmpty();
  }

  /**
   * Changes the target.
   *
   * @param target the request's or the response's headers
   * @param info of the stream, its header blocks set; for substitutions
   * @param scratch overwritten; where substitutions are written first
   */
  public void apply(HeaderBlock target, StreamInfo info, FormatOutput scratch) {
    for (int i = 0; i < levels.size(); i++) {
      apply(levels.get(i), target, info, scratch);
    }
  }

  private static void apply(
      Level level, HeaderBlock target, StreamInfo info, FormatOutput scratch) {
    for (int i = 0; i < level.removals.size(); i++) {
      target.remove(level.removals.get(i));
    }
    for (int i = 0; i < level.removedNames.size(); i++) {
      removeMatching(level.removedNames.get(i), target);
    }
    List<Setting> settings = level.settings;
    long present = present(settings, target);
    for (int i = 0; i < settings.size(); i++) {
      Setting setting = settings.get(i);
      boolean overwrites =
          switch (setting.action) {
            case OVERWRITE_IF_EXISTS -> isPresent(present, i);
            case OVERWRITE_IF_EXISTS_OR_ADD -> true;
            case APPEND_IF_EXISTS_OR_ADD, ADD_IF_ABSENT -> false;
          };
      if (overwrites) {
        write(setting, true, target, info, scratch);
      }
    }
    for (int i = 0; i < settings.size(); i++) {
      Setting setting = settings.get(i);
      boolean adds =
          switch (setting.action) {
            case APPEND_IF_EXISTS_OR_ADD -> true;
            case ADD_IF_ABSENT -> !isPresent(present, i);
            case OVERWRITE_IF_EXISTS, OVERWRITE_IF_EXISTS_OR_ADD -> false;
          };
      if (adds) {
        write(setting, false, target, info, scratch);
      }
    }
  }

  private static void removeMatching(StringMatcher name, HeaderBlock target) {
    for (int i = target.size() - 1; i >= 0; i--) {
      if (!target.isPseudo(i)
          && name.matches(target.array(), target.nameStart(i), target.nameLength(i))) {
        target.removeAt(i);
      }
    }
  }

  /**
   * Which settings find their header there before anything is written, a bit for each: as in Envoy
   * two additions of one absent header are both made. The parser allows no more conditional ones
   * than there are bits.
   */
  private static long present(List<Setting> settings, HeaderBlock target) {
    long present = 0;
    for (int i = 0; i < settings.size(); i++) {
      Setting setting = settings.get(i);
      if (setting.action.conditional && target.contains(setting.name)) {
        present |= 1L << i;
      }
    }
    return present;
  }

  private static boolean isPresent(long present, int index) {
    return (present & 1L << index) != 0;
  }

  private static void write(
      Setting setting,
      boolean overwrite,
      HeaderBlock target,
      StreamInfo info,
      FormatOutput scratch) {
    byte[] bytes;
    int length;
    switch (setting.value) {
      case Value.Literal(HeaderText text) -> {
        bytes = text.bytes;
        length = bytes.length;
      }
      case Value.Formatted formatted -> {
        scratch.clear();
        formatted.format.format(info, scratch);
        bytes = scratch.array();
        length = scratch.length();
      }
    }
    if (length == 0 && !setting.keepEmpty) {
      return;
    }
    if (overwrite) {
      target.set(setting.name, bytes, 0, length);
    } else {
      target.add(setting.name, bytes, 0, length);
    }
  }
}
