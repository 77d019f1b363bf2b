{# One integer has a bit for each rule that is broken. #}
{% macro mask(rules) -%}
{% for rule in rules -%}
case when {{ rule.violated }} then {{ 2 ** loop.index0 }} else 0 end{{ " + " if not loop.last }}
{% endfor %}
{%- endmacro %}

{% macro score(rules) -%}
1D - (
{%- for weight in rules | map(attribute='weight') | unique %}
    bit_count(mask & (
    {%- for rule in rules %}{{ 2 ** loop.index0 if rule.weight == weight else 0 }}{{ " | " if not loop.last }}{% endfor -%}
    )) * {{ weight }}D{{ " + " if not loop.last }}
{%- endfor %}
) / {{ rules | map(attribute='weight') | sum }}D
{%- endmacro %}

{% macro failed(rules) -%}
case when mask = 0 then cast(array() as array<string>) else array_remove(array(
{%- for rule in rules %}
    case when mask & {{ 2 ** loop.index0 }} != 0 then '{{ rule.name }}' else '' end{{ "," if not loop.last }}
{%- endfor %}
), '') end
{%- endmacro %}
