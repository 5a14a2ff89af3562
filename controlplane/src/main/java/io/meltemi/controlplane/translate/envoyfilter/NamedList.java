package io.meltemi.controlplane.translate.envoyfilter;

import com.google.protobuf.Message;
import io.meltemi.controlplane.translate.envoyfilter.Patches.Patch;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.Predicate;

/**
 * A list of filters, routes or the like while a patch is applied to it.
 *
 * <p>A patch that names an element acts on that one, or nowhere when there is none; one that names
 * none acts on all, or at the end of the list that its operation means.
 */
final class NamedList {
  private NamedList() {}

  /**
   * The list after a patch.
   *
   * @param named whether the patch names an element
   * @param match the elements that it means
   * @param merge puts the patch's part into an element
   */
  static <M extends Message> List<M> apply(
      List<M> list,
      Patch patch,
      M value,
      boolean named,
      Predicate<M> match,
      BinaryOperator<M> merge) {
    List<M> result = new ArrayList<>(list);
    int position = position(list, named, match);
    switch (patch.operation()) {
      case ADD -> result.add(value);
      case INSERT_FIRST -> result.addFirst(value);
      case INSERT_BEFORE -> {
        if (!named) {
          result.addFirst(value);
        } else if (position >= 0) {
          result.add(position, value);
        }
      }
      case INSERT_AFTER -> {
        if (!named) {
          result.add(value);
        } else if (position >= 0) {
          result.add(position + 1, value);
        }
      }
      case REPLACE -> {
        if (named && position >= 0) {
          result.set(position, value);
        }
      }
      case REMOVE -> result.removeIf(match);
      case MERGE, MERGE_AND_REPLACE_LIST ->
          result.replaceAll(element -> match.test(element) ? merge.apply(element, value) : element);
      case INVALID -> {}
    }
    return result;
  }

  private static <M> int position(List<M> list, boolean named, Predicate<M> match) {
    for (int i = 0; named && i < list.size(); i++) {
      if (match.test(list.get(i))) {
        return i;
      }
    }
    return -1;
  }
}
