package io.meltemi.proxy.cel;

import com.google.api.expr.v1alpha1.Expr;
import com.google.api.expr.v1alpha1.ParsedExpr;
import com.google.errorprone.annotations.Immutable;
import com.google.re2j.Pattern;
import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelIssue;
import dev.cel.common.CelOptions;
import dev.cel.common.CelProtoV1Alpha1AbstractSyntaxTree;
import dev.cel.common.CelValidationException;
import dev.cel.parser.CelParser;
import dev.cel.parser.CelParserFactory;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelFunctionBinding;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;
import dev.cel.runtime.CelStandardFunctions;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.telemetry.Counter;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The library as this proxy sets it up: without a type checker, as Envoy. Any thread. */
final class Engine {
  private static final int PATTERNS_MAX = 256;

  private final CelParser parser;
  private final CelRuntime runtime;
  private final Ticker ticker;
  private final Counter overBudget;

  Engine(Ticker ticker, Counter overBudget) {
    CelOptions options =
        CelOptions.current()
            .enableHeterogeneousNumericComparisons(true)
            .maxExpressionCodePointSize(CelExpressions.LENGTH_MAX)
            .maxParseRecursionDepth(CelExpressions.DEPTH_MAX)
            .comprehensionMaxIterations(CelExpressions.ROUNDS_MAX)
            .build();
    Patterns patterns = new Patterns(new ConcurrentHashMap<>());
    this.parser =
        CelParserFactory.standardCelParserBuilder()
            .setOptions(options)
            .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
            .build();
    this.runtime =
        CelRuntimeFactory.plannerRuntimeBuilder()
            .setOptions(options)
            .setStandardFunctions(
                CelStandardFunctions.newBuilder()
                    .excludeFunctions(CelStandardFunctions.StandardFunction.MATCHES)
                    .build())
            .addFunctionBindings(
                CelFunctionBinding.fromOverloads(
                    "matches",
                    CelFunctionBinding.from(
                        "matches_string", String.class, String.class, patterns::matches)))
            .build();
    this.ticker = ticker;
    this.overBudget = overBudget;
  }

  /** The library's own function compiles its pattern each time. */
  @Immutable
  @SuppressWarnings("Immutable") // what it keeps answers the same
  private record Patterns(Map<String, Pattern> compiled) {
    boolean matches(String text, String regex) {
      Pattern known = compiled.get(regex);
      if (known == null) {
        known = Pattern.compile(regex);
        if (compiled.size() < PATTERNS_MAX) {
          compiled.put(regex, known);
        }
      }
      return known.matcher(text).find();
    }
  }

  CelExpression parse(String text) throws BadExpressionException {
    try {
      return plan(parser.parse(text).getAst());
    } catch (CelValidationException e) {
      List<CelIssue> issues = e.getErrors();
      CelIssue first = issues.getFirst();
      int column = first.getSourceLocation().getColumn();
      throw new BadExpressionException("at character " + column + ": " + first.getMessage());
    }
  }

  CelExpression of(Expr tree) throws BadExpressionException {
    if (tree.getSerializedSize() > CelExpressions.LENGTH_MAX) {
      throw new BadExpressionException("at most " + CelExpressions.LENGTH_MAX + " bytes");
    }
    ParsedExpr parsed = ParsedExpr.newBuilder().setExpr(tree).build();
    CelAbstractSyntaxTree read;
    try {
      read = CelProtoV1Alpha1AbstractSyntaxTree.fromParsedExpr(parsed).getAst();
    } catch (IllegalArgumentException | IllegalStateException | UnsupportedOperationException e) {
      throw new BadExpressionException("a tree of CEL: " + e.getMessage());
    }
    return plan(read);
  }

  private CelExpression plan(CelAbstractSyntaxTree tree) throws BadExpressionException {
    ExpressionCheck.check(tree.getExpr());
    CelAbstractSyntaxTree guarded =
        CelAbstractSyntaxTree.newParsedAst(
            PresenceGuards.guarded(tree.getExpr()), tree.getSource());
    try {
      return new CelExpression(runtime.createProgram(guarded), ticker, overBudget);
    } catch (CelEvaluationException e) {
      throw new BadExpressionException(String.valueOf(e.getMessage()));
    }
  }
}
