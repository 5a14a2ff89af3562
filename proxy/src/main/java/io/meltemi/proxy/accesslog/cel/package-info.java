/**
 * Filters of access logs that are written in CEL ({@code
 * envoy.access_loggers.extension_filters.cel}) over Envoy's attributes of requests. A small
 * evaluator of its own: no macros but {@code has}, and none of the optional libraries; what it does
 * not have is refused by name. Evaluated on event loops; parsed on configuration threads. See <a
 * href="https://github.com/google/cel-spec/blob/master/doc/langdef.md">the language</a> and <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes">the
 * attributes</a>.
 */
@NullMarked
package io.meltemi.proxy.accesslog.cel;

import org.jspecify.annotations.NullMarked;
