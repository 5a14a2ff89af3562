package io.meltemi.proxy.route;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.telemetry.StreamInfo;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Changes to the headers of a request or a response, level by level; within a level removals come
 * before replacements and those before additions, as in Envoy. Allocates only for values with
 * substitutions. See
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#custom-request-response-headers
 *
 * @param levels in the order in which they apply
 */
public record HeaderMutations(List<Level> levels) {
  public static final HeaderMutations NONE = new HeaderMutations(List.of());

  /** The changes of one place: weighted cluster, route, virtual host or table. */
  public record Level(List<HeaderName> removals, List<Setting> settings) {
    public Level {
      removals = List.copyOf(removals);
      settings = List.copyOf(settings);
    }

    public boolean isEmpty() {
      return removals.isEmpty() && settings.isEmpty();
    }
  }

  /**
   * One header to add or replace.
   *
   * @param keepEmpty whether an empty value is written all the same
   */
  public record Setting(HeaderName name, Value value, Action action, boolean keepEmpty) {}

  /** What a header is set to. */
  public sealed interface Value {
    /** A text without substitutions. */
    record Literal(HeaderText text) implements Value {}

    /** A text made anew for each stream. */
    record Formatted(HeaderFormat format) implements Value {}
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
    APPEND_IF_EXISTS_OR_ADD,
    ADD_IF_ABSENT,
    OVERWRITE_IF_EXISTS_OR_ADD,
    OVERWRITE_IF_EXISTS
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
   * @param request for substitutions; may be the target
   * @param response for substitutions; may be the target, or empty
   */
  public void apply(
      HeaderBlock target, StreamInfo info, HeaderBlock request, HeaderBlock response) {
    for (int i = 0; i < levels.size(); i++) {
      apply(levels.get(i), target, info, request, response);
    }
  }

  private static void apply(
      Level level, HeaderBlock target, StreamInfo info, HeaderBlock request, HeaderBlock response) {
    for (int i = 0; i < level.removals.size(); i++) {
      target.remove(level.removals.get(i));
    }
    List<Setting> settings = level.settings;
    for (int i = 0; i < settings.size(); i++) {
      Setting setting = settings.get(i);
      boolean overwrite =
          switch (setting.action) {
            case OVERWRITE_IF_EXISTS -> target.contains(setting.name);
            case OVERWRITE_IF_EXISTS_OR_ADD -> true;
            case APPEND_IF_EXISTS_OR_ADD, ADD_IF_ABSENT -> false;
          };
      if (overwrite) {
        byte[] value = bytes(setting, info, request, response);
        if (value.length > 0 || setting.keepEmpty) {
          target.set(setting.name, value);
        }
      }
    }
    for (int i = 0; i < settings.size(); i++) {
      Setting setting = settings.get(i);
      boolean add =
          switch (setting.action) {
            case APPEND_IF_EXISTS_OR_ADD -> true;
            case ADD_IF_ABSENT -> !target.contains(setting.name);
            case OVERWRITE_IF_EXISTS, OVERWRITE_IF_EXISTS_OR_ADD -> false;
          };
      if (add) {
        byte[] value = bytes(setting, info, request, response);
        if (value.length > 0 || setting.keepEmpty) {
          target.add(setting.name, value);
        }
      }
    }
  }

  private static byte[] bytes(
      Setting setting, StreamInfo info, HeaderBlock request, HeaderBlock response) {
    return switch (setting.value) {
      case Value.Literal(HeaderText text) -> text.bytes;
      case Value.Formatted(HeaderFormat format) ->
          format.format(info, request, response).getBytes(StandardCharsets.UTF_8);
    };
  }
}
