"""Chinese names for units, substations, feeders and areas, made without repeats."""

__all__ = [
    "area_name",
    "department_name",
    "estate_name",
    "feeder_name",
    "hall_name",
    "street_name",
    "substation_name",
]

COMPANY = "江州供电公司"
_DEPARTMENTS = ("城区供电中心", "滨江供电中心", "云岭供电中心", "东湖供电中心", "南湾供电中心", "西塘供电中心")
_PLACES = tuple(
    "青云 滨河 柳林 石桥 金山 银湖 白塔 清泉 枫桥 莲花 望江 凤凰 新城 古渡 长堤 梅园 竹溪 桃源 松岭 玉泉 "  # noqa: SIM905
    "龙泉 朝阳 和平 光明 文昌 平湖 双桥 三里 四季 五云 南浦 北关 东篱 西溪 中兴 永安 太平 兴隆 福田 禄口".split()
)
_ESTATES = tuple(
    "幸福里 锦绣苑 翠竹园 碧水湾 阳光城 书香苑 紫荆园 丹桂里 银杏里 海棠苑 春晓苑 秋月里 云锦坊 石榴巷 槐荫里 "  # noqa: SIM905
    "梧桐院 稻香村 荷塘村 杏花村 柳溪村 创业园 工业坊 商贸城 学府路 市民广场 农贸街 老街口 渡口村 茶亭村 机械厂".split()
)


def department_name(index: int) -> str:
    """Name of the department number `index` (from 0)."""
    return _DEPARTMENTS[index] if index < len(_DEPARTMENTS) else f"第{index + 1}供电中心"


def hall_name(index: int) -> str:
    """Name of the business hall number `index`."""
    return f"{_place(index + 7)}营业厅"


def substation_name(index: int) -> str:
    """Name of the substation number `index`."""
    return f"{_place(index)}变电站"


def feeder_name(index: int) -> str:
    """Name of the feeder number `index`."""
    return f"{_place(index + 1)}线"


def area_name(index: int) -> str:
    """Name of the area number `index`: an estate or village and its running number."""
    turn, place = divmod(index, len(_ESTATES))
    return f"{_ESTATES[place]}{turn + 1}号台区"


def _place(index: int) -> str:
    turn, place = divmod(index, len(_PLACES))
    return _PLACES[place] if turn == 0 else f"{_PLACES[place]}{'东西南北'[(turn - 1) % 4]}{(turn - 1) // 4 or ''}"


def estate_name(index: int) -> str:
    """Name of the estate or village that area number `index` supplies: the area's, without its running number."""
    return _ESTATES[index % len(_ESTATES)]


def street_name(index: int) -> str:
    """Name of the street along which feeder number `index` runs."""
    return f"{_place(index + 1)}路"
