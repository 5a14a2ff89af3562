package io.meltemi.proxy.matcher;

import com.github.xds.core.v3.CidrRange;
import com.github.xds.core.v3.TypedExtensionConfig;
import com.github.xds.type.matcher.v3.IPMatcher;
import com.github.xds.type.matcher.v3.Matcher;
import com.github.xds.type.matcher.v3.Matcher.MatcherList;
import com.github.xds.type.matcher.v3.Matcher.MatcherList.FieldMatcher;
import com.github.xds.type.matcher.v3.Matcher.MatcherList.Predicate;
import com.github.xds.type.matcher.v3.Matcher.MatcherList.Predicate.PredicateList;
import com.github.xds.type.matcher.v3.Matcher.MatcherList.Predicate.SinglePredicate;
import com.github.xds.type.matcher.v3.Matcher.MatcherTree;
import com.github.xds.type.matcher.v3.Matcher.OnMatch;
import com.google.protobuf.InvalidProtocolBufferException;
import io.meltemi.proxy.matcher.MatchTree.Address;
import io.meltemi.proxy.matcher.MatchTree.Branch;
import io.meltemi.proxy.matcher.MatchTree.Branches;
import io.meltemi.proxy.matcher.MatchTree.Outcome;
import io.meltemi.proxy.matcher.MatchTree.Test;
import io.meltemi.proxy.matcher.MatchTree.Text;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * {@code xds.type.matcher.v3.Matcher} to {@link MatchTree}. What can be asked, and what a leaf
 * holds, is the user's; of custom matchers only tries of addresses are known.
 *
 * @param <D> what is asked about
 * @param <A> what a leaf holds
 */
public final class MatchTreeParser<D, A> {
  /** What can be asked; each way reports to its scope and is empty when bad. */
  public interface Inputs<D> {
    /** Whether a text of the input satisfies a matcher. */
    Optional<Test<D>> text(TypedExtensionConfig input, StringMatcher matcher, ParseScope scope);

    /** Whether the input satisfies a matcher of another kind; the scope is the predicate's. */
    Optional<Test<D>> custom(
        TypedExtensionConfig input, TypedExtensionConfig matcher, ParseScope scope);

    /** The input as a text. */
    Optional<Text<D>> text(TypedExtensionConfig input, ParseScope scope);

    /** The input as an address; refused unless a user has such inputs. */
    default Optional<Address<D>> address(TypedExtensionConfig input, ParseScope scope) {
      scope.unsupported(input.getName() + " " + input.getTypedConfig().getTypeUrl());
      return Optional.empty();
    }
  }

  /** Trees in trees, and predicates in predicates. */
  private static final int DEPTH_MAX = 32;

  private static final SupportedFields MATCHER =
      SupportedFields.of(Matcher.class, "matcher_list", "matcher_tree", "on_no_match");
  private static final SupportedFields LIST = SupportedFields.of(MatcherList.class, "matchers");
  private static final SupportedFields FIELD =
      SupportedFields.of(FieldMatcher.class, "predicate", "on_match");
  private static final SupportedFields PREDICATE =
      SupportedFields.of(
          Predicate.class, "single_predicate", "or_matcher", "and_matcher", "not_matcher");
  private static final SupportedFields SINGLE =
      SupportedFields.of(SinglePredicate.class, "input", "value_match", "custom_match");
  private static final SupportedFields PREDICATES =
      SupportedFields.of(PredicateList.class, "predicate");
  private static final SupportedFields TREE =
      SupportedFields.of(
          MatcherTree.class, "input", "exact_match_map", "prefix_match_map", "custom_match");
  private static final SupportedFields IP_MATCHER =
      SupportedFields.of(IPMatcher.class, "range_matchers");
  private static final SupportedFields RANGE_MATCHER =
      SupportedFields.of(IPMatcher.IPRangeMatcher.class, "ranges", "on_match");
  private static final SupportedFields RANGE =
      SupportedFields.of(CidrRange.class, "address_prefix", "prefix_len");
  private static final SupportedFields MAP = SupportedFields.of(MatcherTree.MatchMap.class, "map");
  private static final SupportedFields ON_MATCH =
      SupportedFields.of(OnMatch.class, "matcher", "action");
  private static final SupportedFields EXTENSION =
      SupportedFields.of(TypedExtensionConfig.class, "name", "typed_config");

  private final Inputs<D> inputs;
  private final BiFunction<TypedExtensionConfig, ParseScope, Optional<A>> actions;

  public MatchTreeParser(
      Inputs<D> inputs, BiFunction<TypedExtensionConfig, ParseScope, Optional<A>> actions) {
    this.inputs = inputs;
    this.actions = actions;
  }

  /** The tree; what is bad is an error in the scope and left out. */
  public MatchTree<D, A> parse(Matcher proto, ParseScope scope) {
    return tree(proto, scope, 0);
  }

  private MatchTree<D, A> tree(Matcher proto, ParseScope scope, int depth) {
    MATCHER.check(proto, scope);
    if (depth > DEPTH_MAX) {
      scope.error("nested deeper than " + DEPTH_MAX, "at most " + DEPTH_MAX + " levels");
      return new MatchTree<>(new Branches.Listed<>(List.of()), new Outcome.Nothing<>());
    }
    Branches<D, A> branches =
        switch (proto.getMatcherTypeCase()) {
          case MATCHER_LIST -> list(proto.getMatcherList(), scope.field("matcher_list"), depth);
          case MATCHER_TREE -> map(proto.getMatcherTree(), scope.field("matcher_tree"), depth);
          case MATCHERTYPE_NOT_SET -> new Branches.Listed<>(List.of());
        };
    return new MatchTree<>(
        branches,
        proto.hasOnNoMatch()
            ? outcome(proto.getOnNoMatch(), scope.field("on_no_match"), depth)
            : new Outcome.Nothing<>());
  }

  private Branches<D, A> list(MatcherList proto, ParseScope scope, int depth) {
    LIST.check(proto, scope);
    if (proto.getMatchersCount() == 0) {
      scope.field("matchers").error("none", "at least one");
    }
    List<Branch<D, A>> branches = new ArrayList<>(proto.getMatchersCount());
    for (int i = 0; i < proto.getMatchersCount(); i++) {
      FieldMatcher matcher = proto.getMatchers(i);
      ParseScope at = scope.field("matchers", i);
      FIELD.check(matcher, at);
      Optional<Test<D>> test = predicate(matcher.getPredicate(), at.field("predicate"), 0);
      Outcome<D, A> outcome = outcome(matcher.getOnMatch(), at.field("on_match"), depth);
      test.ifPresent(held -> branches.add(new Branch<>(held, outcome)));
    }
    return new Branches.Listed<>(branches);
  }

  private Branches<D, A> map(MatcherTree proto, ParseScope scope, int depth) {
    TREE.check(proto, scope);
    EXTENSION.check(proto.getInput(), scope.field("input"));
    if (proto.hasCustomMatch()) {
      return ranges(proto, scope, depth);
    }
    Optional<Text<D>> text = inputs.text(proto.getInput(), scope.field("input"));
    Branches<D, A> none = new Branches.Listed<>(List.of());
    return switch (proto.getTreeTypeCase()) {
      case EXACT_MATCH_MAP -> {
        Map<String, Outcome<D, A>> map =
            map(proto.getExactMatchMap(), scope.field("exact_match_map"), depth);
        yield text.<Branches<D, A>>map(of -> new Branches.Exact<>(of, map)).orElse(none);
      }
      case PREFIX_MATCH_MAP -> {
        Map<String, Outcome<D, A>> map =
            map(proto.getPrefixMatchMap(), scope.field("prefix_match_map"), depth);
        yield text.<Branches<D, A>>map(of -> Branches.Prefixes.of(of, map)).orElse(none);
      }
      // above
      case CUSTOM_MATCH -> none;
      case TREETYPE_NOT_SET -> {
        scope.error("no tree", "exact_match_map or prefix_match_map");
        yield none;
      }
    };
  }

  /** Ranges of addresses, of which the most specific counts. */
  private Branches<D, A> ranges(MatcherTree proto, ParseScope scope, int depth) {
    ParseScope at = scope.field("custom_match");
    EXTENSION.check(proto.getCustomMatch(), at);
    Branches<D, A> none = new Branches.Listed<>(List.of());
    if (!MessageTypes.holds(proto.getCustomMatch().getTypedConfig(), IPMatcher.class)) {
      at.field("typed_config").unsupported(proto.getCustomMatch().getTypedConfig().getTypeUrl());
      return none;
    }
    Optional<Address<D>> address = inputs.address(proto.getInput(), scope.field("input"));
    ParseScope typed = at.field("typed_config");
    Optional<IPMatcher> trie =
        typed.unpack(proto.getCustomMatch().getTypedConfig(), IPMatcher.class);
    if (address.isEmpty() || trie.isEmpty()) {
      return none;
    }
    IP_MATCHER.check(trie.get(), typed);
    if (trie.get().getRangeMatchersCount() == 0) {
      typed.field("range_matchers").error("none", "at least one");
    }
    Map<IpRange, Outcome<D, A>> ranges = new LinkedHashMap<>();
    for (int i = 0; i < trie.get().getRangeMatchersCount(); i++) {
      IPMatcher.IPRangeMatcher matcher = trie.get().getRangeMatchers(i);
      ParseScope one = typed.field("range_matchers", i);
      RANGE_MATCHER.check(matcher, one);
      Outcome<D, A> outcome = outcome(matcher.getOnMatch(), one.field("on_match"), depth);
      for (int j = 0; j < matcher.getRangesCount(); j++) {
        range(matcher.getRanges(j), one.field("ranges", j))
            .ifPresent(range -> ranges.putIfAbsent(range, outcome));
      }
    }
    return Branches.Ranges.of(address.get(), ranges);
  }

  private static Optional<IpRange> range(CidrRange proto, ParseScope scope) {
    RANGE.check(proto, scope);
    byte[] bytes = NetUtil.createByteArrayFromIpAddressString(proto.getAddressPrefix());
    int bits = proto.getPrefixLen().getValue();
    if (bytes == null || bits < 0 || bits > bytes.length * Byte.SIZE) {
      scope.error(proto.getAddressPrefix() + '/' + bits, "an address and the length of a prefix");
      return Optional.empty();
    }
    try {
      return Optional.of(IpRange.of(InetAddress.getByAddress(bytes), bits));
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }

  private Map<String, Outcome<D, A>> map(MatcherTree.MatchMap proto, ParseScope scope, int depth) {
    MAP.check(proto, scope);
    if (proto.getMapCount() == 0) {
      scope.field("map").error("none", "at least one");
    }
    Map<String, Outcome<D, A>> map = new LinkedHashMap<>();
    proto.getMapMap().entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(
            entry ->
                map.put(
                    entry.getKey(),
                    outcome(entry.getValue(), scope.field("map", entry.getKey()), depth)));
    return map;
  }

  private Outcome<D, A> outcome(OnMatch proto, ParseScope scope, int depth) {
    ON_MATCH.check(proto, scope);
    return switch (proto.getOnMatchCase()) {
      case MATCHER ->
          new Outcome.Nested<>(tree(proto.getMatcher(), scope.field("matcher"), depth + 1));
      case ACTION -> {
        EXTENSION.check(proto.getAction(), scope.field("action"));
        yield actions
            .apply(proto.getAction(), scope.field("action"))
            .<Outcome<D, A>>map(Outcome.Leaf::new)
            .orElseGet(Outcome.Nothing::new);
      }
      case ONMATCH_NOT_SET -> {
        scope.error("nothing", "matcher or action");
        yield new Outcome.Nothing<>();
      }
    };
  }

  private Optional<Test<D>> predicate(Predicate proto, ParseScope scope, int depth) {
    PREDICATE.check(proto, scope);
    if (depth > DEPTH_MAX) {
      scope.error("nested deeper than " + DEPTH_MAX, "at most " + DEPTH_MAX + " levels");
      return Optional.empty();
    }
    return switch (proto.getMatchTypeCase()) {
      case SINGLE_PREDICATE -> single(proto.getSinglePredicate(), scope.field("single_predicate"));
      case OR_MATCHER -> {
        List<Test<D>> tests = predicates(proto.getOrMatcher(), scope.field("or_matcher"), depth);
        yield Optional.of((data, trace) -> any(tests, data, trace));
      }
      case AND_MATCHER -> {
        List<Test<D>> tests = predicates(proto.getAndMatcher(), scope.field("and_matcher"), depth);
        yield Optional.of((data, trace) -> all(tests, data, trace));
      }
      case NOT_MATCHER ->
          predicate(proto.getNotMatcher(), scope.field("not_matcher"), depth + 1)
              .map(test -> (data, trace) -> !test.holds(data, trace));
      case MATCHTYPE_NOT_SET -> {
        scope.error("no predicate", "one predicate");
        yield Optional.empty();
      }
    };
  }

  private static <D> boolean any(List<Test<D>> tests, D data, MatchTrace trace) {
    for (int i = 0; i < tests.size(); i++) {
      if (tests.get(i).holds(data, trace)) {
        return true;
      }
    }
    return false;
  }

  private static <D> boolean all(List<Test<D>> tests, D data, MatchTrace trace) {
    for (int i = 0; i < tests.size(); i++) {
      if (!tests.get(i).holds(data, trace)) {
        return false;
      }
    }
    return true;
  }

  private List<Test<D>> predicates(PredicateList proto, ParseScope scope, int depth) {
    PREDICATES.check(proto, scope);
    if (proto.getPredicateCount() < 2) {
      scope.field("predicate").error("fewer than 2", "2 or more");
    }
    List<Test<D>> tests = new ArrayList<>(proto.getPredicateCount());
    for (int i = 0; i < proto.getPredicateCount(); i++) {
      predicate(proto.getPredicate(i), scope.field("predicate", i), depth + 1)
          .ifPresent(tests::add);
    }
    return tests;
  }

  private Optional<Test<D>> single(SinglePredicate proto, ParseScope scope) {
    SINGLE.check(proto, scope);
    EXTENSION.check(proto.getInput(), scope.field("input"));
    return switch (proto.getMatcherCase()) {
      case VALUE_MATCH ->
          string(proto.getValueMatch(), scope.field("value_match"))
              .flatMap(matcher -> inputs.text(proto.getInput(), matcher, scope.field("input")));
      case CUSTOM_MATCH -> {
        EXTENSION.check(proto.getCustomMatch(), scope.field("custom_match"));
        yield inputs.custom(proto.getInput(), proto.getCustomMatch(), scope);
      }
      case MATCHER_NOT_SET -> {
        scope.error("no matcher", "value_match or custom_match");
        yield Optional.empty();
      }
    };
  }

  /** The two string matchers have the same fields by the same numbers. */
  private static Optional<StringMatcher> string(
      com.github.xds.type.matcher.v3.StringMatcher proto, ParseScope scope) {
    try {
      return StringMatcherParser.parse(
          io.envoyproxy.envoy.type.matcher.v3.StringMatcher.parseFrom(proto.toByteString()), scope);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("the same form", e);
    }
  }
}
