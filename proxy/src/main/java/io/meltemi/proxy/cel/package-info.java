/**
 * Expressions in CEL over Envoy's attributes of a stream, for logs and access control. Parsed and
 * planned by the language's own library on configuration threads; evaluated on event loops, within
 * a budget. Nothing of the library is loaded until a configuration has an expression. See <a
 * href="https://github.com/google/cel-spec/blob/master/doc/langdef.md">the language</a> and <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes">the
 * attributes</a>.
 */
@NullMarked
package io.meltemi.proxy.cel;

import org.jspecify.annotations.NullMarked;
