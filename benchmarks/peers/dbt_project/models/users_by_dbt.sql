{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='user_id',
    file_format='iceberg',
    partition_by=['bucket(4, user_id)'],
    tblproperties={'write.merge.mode': 'merge-on-read'},
) }}
{% set rules = var('rules') %}

with messages as (
    select record.*, kafka_timestamp, `partition`, `offset`
    from bronze.users_raw
    where dead_letter.reason is null
    {% if is_incremental() %} and kafka_timestamp > (select max(updated_at) from {{ this }}) {% endif %}
),

users as (
    select
        lower({{ clean('login.uuid') }}) as user_id,
        lower({{ clean('gender') }}) as gender,
        {{ clean('name.title') }} as title,
        {{ capital('name.first') }} as first_name,
        {{ capital('name.last') }} as last_name,
        lower({{ clean('email') }}) as email,
        {{ clean('phone') }} as phone,
        {{ clean('cell') }} as cell,
        {{ clean("concat_ws(' ', location.street.name, location.street.number)") }} as street,
        {{ capital('location.city') }} as city,
        {{ clean('location.state') }} as state,
        upper({{ clean('location.postcode') }}) as postcode,
        {{ clean('location.country') }} as country,
        upper({{ clean('nat') }}) as nationality,
        cast(try_to_timestamp(dob.date) as date) as born_on,
        dob.age as age,
        try_to_timestamp(registered.date) as registered_at,
        registered.age as years_registered,
        kafka_timestamp as updated_at,
        `partition` as source_partition,
        `offset` as source_offset
    from messages
),

newest as (
    select * except (nth)
    from (
        select *, row_number() over (
            partition by user_id order by updated_at desc, source_partition desc, source_offset desc
        ) as nth
        from users
    )
    where nth = 1
),

masked as (select *, {{ mask(rules) }} as mask from newest)

select * except (mask), {{ score(rules) }} as quality_score, {{ failed(rules) }} as failed_rules
from masked
