package io.meltemi.proxy.route;

import com.google.protobuf.UnknownFieldSet;
import io.envoyproxy.envoy.config.common.mutation_rules.v3.HeaderMutation;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.matcher.StringMatcher;
import io.meltemi.proxy.matcher.StringMatcherParser;
import io.meltemi.proxy.parse.NewerFields;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.route.HeaderMutations.Action;
import io.meltemi.proxy.route.HeaderMutations.HeaderText;
import io.meltemi.proxy.route.HeaderMutations.Level;
import io.meltemi.proxy.route.HeaderMutations.Setting;
import io.meltemi.proxy.route.HeaderMutations.Value;
import io.meltemi.proxy.telemetry.Formatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The {@code …_headers_to_add} and {@code …_headers_to_remove} pairs to mutation levels. */
public final class HeaderMutationsParser {
  private static final SupportedFields OPTION =
      SupportedFields.of(
          HeaderValueOption.class, "header", "append", "append_action", "keep_empty_value");
  private static final SupportedFields HEADER =
      SupportedFields.of(
          io.envoyproxy.envoy.config.core.v3.HeaderValue.class, "key", "value", "raw_value");

  private static final SupportedFields MUTATION =
      SupportedFields.of(HeaderMutation.class, "remove", "append", "remove_on_match");

  private final Ticker ticker;

  /**
   * @param ticker wall clock of {@code %START_TIME%}
   */
  public HeaderMutationsParser(Ticker ticker) {
    this.ticker = ticker;
  }

  /**
   * The mutations of one place.
   *
   * @param prefix {@code request_headers} or {@code response_headers}
   */
  Level parse(List<HeaderValueOption> add, List<String> remove, ParseScope parent, String prefix) {
    if (add.isEmpty() && remove.isEmpty()) {
      return Level.EMPTY;
    }
    List<Setting> settings = settings(add, parent, prefix + "_to_add");
    List<HeaderName> removals = new ArrayList<>(remove.size());
    for (int i = 0; i < remove.size(); i++) {
      name(remove.get(i), parent.field(prefix + "_to_remove", i)).ifPresent(removals::add);
    }
    return new Level(removals, settings);
  }

  /** Headers that a filter's field adds. */
  public HeaderMutations parse(List<HeaderValueOption> add, ParseScope parent, String field) {
    return add.isEmpty()
        ? HeaderMutations.NONE
        : HeaderMutations.of(List.of(new Level(List.of(), settings(add, parent, field))));
  }

  /** A list of mutations, each of which sees what those before it have done. */
  public HeaderMutations parseList(List<HeaderMutation> list, ParseScope parent, String field) {
    List<Level> levels = new ArrayList<>(list.size());
    for (int i = 0; i < list.size(); i++) {
      HeaderMutation proto = list.get(i);
      ParseScope scope = parent.field(field, i);
      MUTATION.check(proto, scope);
      switch (proto.getActionCase()) {
        case REMOVE ->
            name(proto.getRemove(), scope.field("remove"))
                .ifPresent(name -> levels.add(new Level(List.of(name), List.of())));
        case APPEND ->
            setting(proto.getAppend(), scope.field("append"))
                .ifPresent(setting -> levels.add(new Level(List.of(), List.of(setting))));
        case ACTION_NOT_SET ->
            removedNames(proto, scope)
                .ifPresent(names -> levels.add(new Level(List.of(), List.of(names), List.of())));
      }
    }
    return HeaderMutations.of(levels);
  }

  private static Optional<StringMatcher> removedNames(HeaderMutation proto, ParseScope scope) {
    ParseScope at = scope.field("remove_on_match");
    List<UnknownFieldSet> found =
        NewerFields.companions(proto, NewerFields.REMOVE_ON_MATCH, NewerFields.REMOVED_NAMES, at);
    if (found.isEmpty()) {
      scope.error("nothing", "one of remove, append, remove_on_match");
      return Optional.empty();
    }
    List<io.envoyproxy.envoy.type.matcher.v3.StringMatcher> names =
        NewerFields.messages(
            found.getLast(), 1, io.envoyproxy.envoy.type.matcher.v3.StringMatcher.parser(), at);
    if (names.isEmpty()) {
      at.field("key_matcher").error("nothing", "a matcher of names");
      return Optional.empty();
    }
    return StringMatcherParser.parse(names.getLast(), at.field("key_matcher"));
  }

  private List<Setting> settings(List<HeaderValueOption> add, ParseScope parent, String field) {
    List<Setting> settings = new ArrayList<>(add.size());
    for (int i = 0; i < add.size(); i++) {
      setting(add.get(i), parent.field(field, i)).ifPresent(settings::add);
    }
    if (settings.size() > Level.CONDITIONAL_MAX
        && settings.stream().anyMatch(Setting::isConditional)) {
      parent
          .field(field)
          .error(
              settings.size() + " headers",
              "at most " + Level.CONDITIONAL_MAX + " where some depend on what is there");
      return List.of();
    }
    return settings;
  }

  private Optional<Setting> setting(HeaderValueOption proto, ParseScope scope) {
    OPTION.check(proto, scope);
    HEADER.check(proto.getHeader(), scope.field("header"));
    Optional<HeaderName> name =
        name(proto.getHeader().getKey(), scope.field("header").field("key"));
    Optional<Action> action = action(proto, scope);
    Optional<Value> value = value(proto, scope.field("header"));
    if (name.isEmpty() || action.isEmpty() || value.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new Setting(name.get(), value.get(), action.get(), proto.getKeepEmptyValue()));
  }

  // the deprecated flag still comes from control planes that serve old proxies
  @SuppressWarnings("deprecation")
  private static Optional<Action> action(HeaderValueOption proto, ParseScope scope) {
    if (proto.hasAppend()) {
      if (proto.getAppendActionValue() != 0) {
        scope.field("append").error("set", "append or append_action, not both");
      }
      return Optional.of(
          proto.getAppend().getValue()
              ? Action.APPEND_IF_EXISTS_OR_ADD
              : Action.OVERWRITE_IF_EXISTS_OR_ADD);
    }
    return switch (proto.getAppendAction()) {
      case APPEND_IF_EXISTS_OR_ADD -> Optional.of(Action.APPEND_IF_EXISTS_OR_ADD);
      case ADD_IF_ABSENT -> Optional.of(Action.ADD_IF_ABSENT);
      case OVERWRITE_IF_EXISTS_OR_ADD -> Optional.of(Action.OVERWRITE_IF_EXISTS_OR_ADD);
      case OVERWRITE_IF_EXISTS -> Optional.of(Action.OVERWRITE_IF_EXISTS);
      case UNRECOGNIZED -> {
        scope
            .field("append_action")
            .error(String.valueOf(proto.getAppendActionValue()), "a known append action");
        yield Optional.empty();
      }
    };
  }

  private Optional<Value> value(HeaderValueOption proto, ParseScope scope) {
    if (!proto.getHeader().getRawValue().isEmpty()) {
      if (!proto.getHeader().getValue().isEmpty()) {
        scope.error("value and raw_value", "only one of them");
      }
      return Optional.of(
          new Value.Literal(new HeaderText(proto.getHeader().getRawValue().toStringUtf8())));
    }
    String text = proto.getHeader().getValue();
    if (hasLineBreak(text)) {
      scope.field("value").error(text, "a header value: no CR, LF or NUL");
      return Optional.empty();
    }
    if (text.indexOf('%') < 0) {
      return Optional.of(new Value.Literal(new HeaderText(text)));
    }
    Validation<Formatter> format =
        Formatter.parse(text, "", ticker, scope.origin(), scope.field("value").path());
    if (!scope.out().absorb(format)) {
      return Optional.empty();
    }
    return Optional.of(new Value.Formatted(format.orElseThrow(), text));
  }

  private static boolean hasLineBreak(String text) {
    return text.indexOf('\r') >= 0 || text.indexOf('\n') >= 0 || text.indexOf('\0') >= 0;
  }

  private static Optional<HeaderName> name(String name, ParseScope scope) {
    if (!HeaderName.isValid(name)) {
      scope.error("\"" + name + "\"", "a header name");
      return Optional.empty();
    }
    HeaderName header = HeaderName.of(name);
    if (header.isPseudo() || header == HeaderName.HOST) {
      scope.error(name, "a header other than host and those that begin with a colon");
      return Optional.empty();
    }
    return Optional.of(header);
  }
}
