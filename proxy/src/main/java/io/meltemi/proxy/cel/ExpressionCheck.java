package io.meltemi.proxy.cel;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.cel.common.Operator;
import dev.cel.common.ast.CelConstant;
import dev.cel.common.ast.CelExpr;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;

/** What is refused before an expression is in force. */
final class ExpressionCheck {
  /** What {@code type()} may be compared with. */
  private static final Set<String> TYPES =
      Set.of(
          "bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint");

  private static final Set<String> FUNCTIONS =
      Set.of(
          "bool",
          "bytes",
          "contains",
          "double",
          "duration",
          "dyn",
          "endsWith",
          "getDate",
          "getDayOfMonth",
          "getDayOfWeek",
          "getDayOfYear",
          "getFullYear",
          "getHours",
          "getMilliseconds",
          "getMinutes",
          "getMonth",
          "getSeconds",
          "int",
          "matches",
          "size",
          "startsWith",
          "string",
          "timestamp",
          "type",
          "uint");

  private final Deque<String> bound = new ArrayDeque<>();

  private ExpressionCheck() {}

  static void check(CelExpr expression) throws BadExpressionException {
    new ExpressionCheck().visit(expression, 0);
  }

  private void visit(CelExpr expression, int depth) throws BadExpressionException {
    if (depth > CelExpressions.DEPTH_MAX) {
      throw new BadExpressionException("at most " + CelExpressions.DEPTH_MAX + " levels");
    }
    switch (expression.getKind()) {
      case IDENT -> root(expression.ident().name());
      case SELECT -> {
        attribute(expression.select().operand(), expression.select().field());
        visit(expression.select().operand(), depth + 1);
      }
      case CALL -> call(expression.call(), depth);
      case LIST -> {
        List<CelExpr> elements = expression.list().elements();
        for (CelExpr element : elements) {
          visit(element, depth + 1);
        }
      }
      case MAP -> {
        List<CelExpr.CelMap.Entry> entries = expression.map().entries();
        for (CelExpr.CelMap.Entry entry : entries) {
          visit(entry.key(), depth + 1);
          visit(entry.value(), depth + 1);
        }
      }
      case STRUCT ->
          throw new BadExpressionException("no message: " + expression.struct().messageName());
      case COMPREHENSION -> comprehension(expression.comprehension(), depth);
      case NOT_SET -> throw new BadExpressionException("an expression, not an empty one");
      case CONSTANT -> {}
    }
  }

  private void call(CelExpr.CelCall call, int depth) throws BadExpressionException {
    List<CelExpr> arguments = call.args();
    if (!FUNCTIONS.contains(call.function()) && Operator.findReverse(call.function()).isEmpty()) {
      throw new BadExpressionException("a function of this proxy, not " + call.function());
    }
    if (call.function().equals("_[_]") && arguments.size() == 2) {
      String key = text(arguments.get(1));
      attribute(arguments.get(0), key);
    }
    if (call.function().equals("matches") && !arguments.isEmpty()) {
      try {
        Pattern.compile(text(arguments.getLast()));
      } catch (PatternSyntaxException e) {
        throw new BadExpressionException("an RE2 regular expression: " + e.getMessage());
      }
    }
    if (call.target().isPresent()) {
      visit(call.target().get(), depth + 1);
    }
    for (CelExpr argument : arguments) {
      visit(argument, depth + 1);
    }
  }

  private void comprehension(CelExpr.CelComprehension loop, int depth)
      throws BadExpressionException {
    visit(loop.iterRange(), depth + 1);
    visit(loop.accuInit(), depth + 1);
    bound.push(loop.iterVar());
    bound.push(loop.iterVar2());
    bound.push(loop.accuVar());
    visit(loop.loopCondition(), depth + 1);
    visit(loop.loopStep(), depth + 1);
    visit(loop.result(), depth + 1);
    bound.pop();
    bound.pop();
    bound.pop();
  }

  private void root(String name) throws BadExpressionException {
    if (!Attributes.ROOTS.contains(name) && !bound.contains(name) && !TYPES.contains(name)) {
      throw new BadExpressionException(
          "one of request, response, connection, source, destination, upstream, metadata, xds,"
              + " filter_state, not "
              + name);
    }
  }

  private void attribute(CelExpr of, String name) throws BadExpressionException {
    if (of.getKind() == CelExpr.ExprKind.Kind.IDENT && !bound.contains(of.ident().name())) {
      String full = of.ident().name() + "." + name;
      if (Attributes.MISSING.contains(full)) {
        throw new BadExpressionException("an attribute of this proxy, not " + full);
      }
    }
  }

  /** Empty when it is not a text that is written down. */
  private static String text(CelExpr expression) {
    return expression.getKind() == CelExpr.ExprKind.Kind.CONSTANT
            && expression.constant().getKind() == CelConstant.Kind.STRING_VALUE
        ? expression.constant().stringValue()
        : "";
  }
}
