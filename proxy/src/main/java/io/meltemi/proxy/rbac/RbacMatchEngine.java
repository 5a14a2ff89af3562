package io.meltemi.proxy.rbac;

import io.meltemi.proxy.matcher.MatchTrace;
import io.meltemi.proxy.matcher.MatchTree;
import java.util.List;

/** A tree of questions with an action at each leaf; what reaches none is denied, as in Envoy. */
final class RbacMatchEngine implements AccessEngine {
  /**
   * A leaf.
   *
   * @param number its place among the leaves
   */
  record Leaf(int number, String name, RbacEngine.Action action) {}

  private final MatchTree<AccessRequest, Leaf> tree;
  private final List<Leaf> leaves;
  private final boolean logs;

  RbacMatchEngine(MatchTree<AccessRequest, Leaf> tree, List<Leaf> leaves) {
    this.tree = tree;
    this.leaves = List.copyOf(leaves);
    this.logs = leaves.stream().anyMatch(leaf -> leaf.action() == RbacEngine.Action.LOG);
  }

  @Override
  public int size() {
    return leaves.size();
  }

  @Override
  public String name(int match) {
    return leaves.get(match).name();
  }

  @Override
  public boolean allows(int match) {
    return match != NONE && leaves.get(match).action() != RbacEngine.Action.DENY;
  }

  @Override
  public boolean tellsLog(int match) {
    return logs && match != NONE;
  }

  @Override
  public boolean isLogged(int match) {
    return match != NONE && leaves.get(match).action() == RbacEngine.Action.LOG;
  }

  @Override
  public int match(AccessRequest request, MatchTrace trace) {
    Leaf leaf = tree.match(request, trace);
    return leaf == null ? NONE : leaf.number();
  }
}
