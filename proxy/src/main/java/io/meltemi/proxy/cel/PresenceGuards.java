package io.meltemi.proxy.cel;

import dev.cel.common.Operator;
import dev.cel.common.ast.CelConstant;
import dev.cel.common.ast.CelExpr;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Asks whether attributes are there before an expression of truth needs them. One that is missing
 * costs the library exceptions with stack traces, fifty times what an answer costs, while a log's
 * filter is asked of each request whether a header is there that few have. Where only the truth of
 * a part counts, no value and false are the same; so {@code a == 'x'} becomes {@code has(a) && a ==
 * 'x'} there and nowhere else.
 */
final class PresenceGuards {
  /** Those that streams have; a guard would only cost. */
  private static final Set<String> ALWAYS =
      Set.of(
          "request.headers",
          "request.path",
          "request.url_path",
          "request.host",
          "request.method",
          "request.scheme",
          "request.size",
          "request.total_size",
          "request.time",
          "request.protocol",
          "response.flags",
          "response.size",
          "response.total_size",
          "response.trailers",
          "connection.id",
          "connection.mtls",
          "connection.requested_server_name",
          "source.address",
          "source.port",
          "destination.address",
          "destination.port",
          "upstream.request_attempt_count",
          "xds.route_name",
          "xds.filter_chain_name",
          "metadata.filter_metadata");

  private PresenceGuards() {}

  /** The same truth, where false stands for no value too. */
  static CelExpr guarded(CelExpr expression) {
    if (expression.getKind() == CelExpr.ExprKind.Kind.CALL) {
      CelExpr.CelCall call = expression.call();
      List<CelExpr> arguments = call.args();
      if (is(call, Operator.LOGICAL_AND) || is(call, Operator.LOGICAL_OR)) {
        return call(
            expression.id(),
            call.function(),
            arguments.stream().map(PresenceGuards::guarded).toArray(CelExpr[]::new));
      }
      if (is(call, Operator.CONDITIONAL)) {
        return call(
            expression.id(),
            call.function(),
            arguments.get(0),
            guarded(arguments.get(1)),
            guarded(arguments.get(2)));
      }
    }
    Map<String, CelExpr> needed = new LinkedHashMap<>();
    collect(expression, needed);
    CelExpr guarded = expression;
    for (CelExpr presence : needed.values().stream().toList().reversed()) {
      guarded = call(expression.id(), Operator.LOGICAL_AND.getFunction(), presence, guarded);
    }
    return guarded;
  }

  private static boolean is(CelExpr.CelCall call, Operator operator) {
    return call.function().equals(operator.getFunction());
  }

  private static CelExpr call(long id, String function, CelExpr... arguments) {
    return CelExpr.newBuilder()
        .setId(id)
        .setCall(CelExpr.CelCall.newBuilder().setFunction(function).addArgs(arguments).build())
        .build();
  }

  /** The presence of each attribute without which the part has no value, by its path. */
  private static void collect(CelExpr part, Map<String, CelExpr> needed) {
    switch (part.getKind()) {
      case SELECT -> {
        CelExpr operand = part.select().operand();
        collect(operand, needed);
        if (!part.select().testOnly()) {
          add(part, operand, part.select().field(), needed);
        }
      }
      case CALL -> {
        CelExpr.CelCall call = part.call();
        List<CelExpr> arguments = call.args();
        if (is(call, Operator.CONDITIONAL)) {
          collect(arguments.getFirst(), needed);
        } else if (!is(call, Operator.LOGICAL_AND)
            && !is(call, Operator.LOGICAL_OR)
            && !is(call, Operator.NOT_STRICTLY_FALSE)) {
          call.target().ifPresent(target -> collect(target, needed));
          arguments.forEach(argument -> collect(argument, needed));
          String key = is(call, Operator.INDEX) ? text(arguments.getLast()) : null;
          if (key != null) {
            add(part, arguments.getFirst(), key, needed);
          }
        }
      }
      case LIST -> {
        List<CelExpr> elements = part.list().elements();
        elements.forEach(element -> collect(element, needed));
      }
      case COMPREHENSION -> collect(part.comprehension().iterRange(), needed);
      case MAP, STRUCT, IDENT, CONSTANT, NOT_SET -> {}
    }
  }

  private static void add(
      CelExpr part, CelExpr operand, String field, Map<String, CelExpr> needed) {
    String path = path(part);
    if (path != null && !ALWAYS.contains(path)) {
      needed.putIfAbsent(path, CelExpr.ofSelect(part.id(), operand, field, true));
    }
  }

  /** Null when the part is no attribute that is written down. */
  private static @Nullable String path(CelExpr part) {
    return switch (part.getKind()) {
      case IDENT -> Attributes.ROOTS.contains(part.ident().name()) ? part.ident().name() : null;
      case SELECT -> join(path(part.select().operand()), part.select().field());
      case CALL -> {
        List<CelExpr> arguments = part.call().args();
        yield is(part.call(), Operator.INDEX)
            ? join(path(arguments.getFirst()), text(arguments.getLast()))
            : null;
      }
      default -> null;
    };
  }

  private static @Nullable String join(@Nullable String owner, @Nullable String field) {
    return owner == null || field == null ? null : owner + "." + field;
  }

  private static @Nullable String text(CelExpr part) {
    return part.getKind() == CelExpr.ExprKind.Kind.CONSTANT
            && part.constant().getKind() == CelConstant.Kind.STRING_VALUE
        ? part.constant().stringValue()
        : null;
  }
}
